import { expect, test } from 'vitest'
import { collectAtRest } from '../../src/collect-at-rest.ts'

const MIB = 1024 * 1024

/** A process whose CPU time and heap are said here; a collection leaves 50 MiB. */
function someProcess() {
  const state = { cpu: 1000, heap: 50, collections: 0 }
  const look = collectAtRest({
    collect() {
      state.collections++
      state.cpu += 150
      state.heap = 50
    },
    cpu: () => state.cpu,
    heap: () => state.heap * MIB,
  })
  return { state, look }
}

test('the heap of a load is collected once, at the first look at which the server is at rest', () => {
  const { state, look } = someProcess()
  state.heap = 90
  state.cpu += 15_000
  look()
  expect(state.collections).toBe(0)
  state.cpu += 100
  look()
  expect(state.collections).toBe(1)
  state.cpu += 100
  look()
  look()
  expect(state.collections).toBe(1)
})

test('a server that goes on answering is not held up', () => {
  const { state, look } = someProcess()
  for (let looks = 0; looks < 10; looks++) {
    state.heap = 120
    state.cpu += 700
    look()
  }
  expect(state.collections).toBe(0)
})

test('a heap that has hardly grown is left alone', () => {
  const { state, look } = someProcess()
  state.heap = 57
  look()
  expect(state.collections).toBe(0)
  state.heap = 59
  look()
  expect(state.collections).toBe(1)
})

test('what lives on is not collected again and again', () => {
  let collections = 0
  let heap = 50 * MIB
  const look = collectAtRest({ collect: () => void collections++, cpu: () => 0, heap: () => heap })
  heap = 90 * MIB
  for (let looks = 0; looks < 5; looks++) look()
  expect(collections).toBe(1)
})
