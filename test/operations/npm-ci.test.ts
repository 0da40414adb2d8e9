import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { admits20 } from '../../scripts/lock-engines.ts'

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

test('npm ci on the Node of the machine warns of no engine: what runs brings its own', () => {
  // npm asks the lock file what packages need; of the root it asks nothing where devEngines says so.
  const { packages } = read('package-lock.json') as {
    packages: Record<string, { optional?: boolean; engines?: { node?: string } }>
  }
  const newer = Object.entries(packages)
    .filter(([name, { optional }]) => name !== '' && !optional)
    .filter(([, { engines }]) => engines?.node !== undefined && !admits20(engines.node))
    .map(([name]) => name)
  // Otherwise run: npm exec -- node scripts/lock-engines.ts
  expect(newer).toEqual([])
  expect(read('package.json')).toMatchObject({
    engines: { node: '>=24.7' },
    devEngines: { runtime: { name: 'node', version: '>=24.7', onFail: 'ignore' } },
  })
})
