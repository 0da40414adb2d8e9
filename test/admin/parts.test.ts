import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

const PARTS = [
  'buttons',
  'fields',
  'table',
  'tags',
  'notices',
  'tabs',
  'menu',
  'chips',
  'danger',
  'empty',
  'pager',
]
const MORE = ['copied', 'stat', 'plots']

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey?.stop())

test('every part is there in every state, in light and in dark', async () => {
  const { browser } = await signedIn(latchkey)
  const page = await browser.open(`${latchkey.issuer}/admin/parts`)
  expect(page.status).toBe(200)
  for (const scheme of ['light', 'dark']) {
    expect(page.body).toContain(`data-scheme="${scheme}"`)
    for (const part of [...PARTS, ...MORE]) expect(page.body).toContain(`id="${scheme}-${part}"`)
    for (const state of ['empty', 'filled', 'wrong'])
      for (const field of ['line', 'secret', 'lines', 'choice', 'check', 'boxes', 'fixed'])
        expect(page.body).toMatch(new RegExp(`id="field-${scheme}_${state}_${field}[-"]`))
  }
  expect(page.body.match(/aria-invalid="true"/g)?.length).toBeGreaterThanOrEqual(8)
  const ids = [...page.body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

test('in production there is no such page', async () => {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  const production = await startLatchkey().finally(() => {
    process.env.NODE_ENV = before
  })
  try {
    const { browser } = await signedIn(production)
    expect((await browser.open(`${production.issuer}/admin/parts`)).status).toBe(404)
  } finally {
    await production.stop()
  }
})
