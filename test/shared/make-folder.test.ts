import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeFolder } from '../../src/shared/make-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'latchkey-folder-'))
afterAll(() => rmSync(root, { recursive: true }))

test('a folder is made for its owner only, with those above it, and once', () => {
  const path = join(root, 'a', 'b', 'c')
  makeFolder(path)
  makeFolder(path)
  for (const each of [path, join(root, 'a')]) expect(statSync(each).mode & 0o777).toBe(0o700)
})

test('what cannot be one is said, also by a file system that knows no new folders', () => {
  const file = join(root, 'file')
  writeFileSync(file, '')
  expect(() => makeFolder(file)).toThrow(/EEXIST/)
  expect(() => makeFolder(join(file, 'below'))).toThrow(/ENOTDIR/)
  // On Linux ENOENT, of a parent that is there: `recursive` never came back from it.
  expect(() => makeFolder('/proc/nope/below')).toThrow(/ENOENT|EROFS|EACCES/)
})
