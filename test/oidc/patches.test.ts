import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PATCHES } from '../../src/oidc/provider/patches.ts'

test.each(PATCHES)('the patch $name says why in a sentence, and names a test that exists', (patch) => {
  expect(patch.why).toMatch(/\.$/)
  expect(patch.test).toMatch(/^test\/.*\.test\.ts$/)
  expect(existsSync(join(import.meta.dirname, '../..', patch.test))).toBe(true)
})

test('each patch has a name of its own', () => {
  expect(new Set(PATCHES.map(({ name }) => name)).size).toBe(PATCHES.length)
})
