import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Stack } from '../../src/admin/console/snippets/stack.ts'
import manifest from './package.json' with { type: 'json' }

/**
 * The packages of `test/connect/package-lock.json`, installed once a machine and lock file, outside this repository:
 * they are no part of the product. Installed beside, then moved into place: two test files may come at once.
 * @returns the folder that holds `node_modules`
 */
export async function installedPackages(): Promise<string> {
  const files = ['package.json', 'package-lock.json', '.npmrc']
  const texts = await Promise.all(files.map((file) => readFile(join(import.meta.dirname, file))))
  const hash = createHash('sha256').update(Buffer.concat(texts)).digest('hex').slice(0, 16)
  const folder = join(tmpdir(), `latchkey-connect-${hash}-${userInfo().username}`)
  if (existsSync(folder)) return folder
  const staging = await mkdtemp(`${folder}-`)
  await Promise.all(files.map((file, at) => writeFile(join(staging, file), texts[at] ?? '')))
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: staging,
    env: { ...process.env, NODE_ENV: '' },
  })
  try {
    await rename(staging, folder)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

type Parts = readonly { text: string; for: readonly string[] }[]

/** The packages that the install part of a snippet names. */
export const packagesIn = (parts: Parts): string[] =>
  parts
    .filter((part) => part.for.includes('install'))
    .flatMap(({ text }) => text.split('\n'))
    .flatMap((line) => /^npm install ([^#]*)/.exec(line)?.[1]?.trim().split(' ') ?? [])
    .map((name) => name.replace(/(?<=.)@.*/, ''))
    .filter((name, at, all) => !name.startsWith('-') && all.indexOf(name) === at)

/** The `package.json` of somebody who has installed what a snippet says. @throws when the lock file lacks one of them */
export function dependenciesOf(stack: Stack, parts: Parts): string {
  const names = packagesIn(parts)
  const unknown = names.filter((name) => !Object.hasOwn(manifest.dependencies, name))
  if (unknown.length > 0)
    throw new Error(`snippets/${stack.id}: ${unknown} is not in test/connect/package.json`)
  return JSON.stringify({
    type: 'module',
    dependencies: Object.fromEntries(names.map((name) => [name, '*'])),
  })
}
