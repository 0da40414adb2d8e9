import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, beforeEach } from 'vitest'
import type { Stack } from '../../src/admin/console/snippets/stack.ts'
import manifest from './package.json' with { type: 'json' }

/** What npm and the system call it when a registry is not reached; an answer of the registry is none of these. */
const UNREACHABLE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED)\b/

/**
 * Why the packages cannot be there: the registry is out of reach, on a developer's own machine. In CI that is a failure, and so is
 * every other error anywhere.
 * @param error of `npm ci`
 * @throws the error
 */
export function skipReason(error: unknown, ci = process.env.CI === 'true'): string {
  const code = UNREACHABLE.exec(error instanceof Error ? error.message : '')?.[0]
  if (code === undefined || ci) throw error
  return `the packages of test/connect are not installed, and the npm registry cannot be reached (${code})`
}

/** For the tests of a file that run these packages: without them each is skipped by name, with the reason. */
export function needsPackages(): void {
  let missing: string | undefined
  beforeAll(async () => {
    missing = await installedPackages().then(() => undefined, skipReason)
    if (missing !== undefined) console.warn(`Skipped: ${missing}`)
  }, 300_000)
  // Named, and a failure with CI=true (scripts/test.ts): without a registry there is nothing to run.
  beforeEach((context) => context.skip(missing !== undefined, missing))
}

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
  try {
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: staging,
      env: { ...process.env, NODE_ENV: '' },
    })
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    throw error
  }
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

/** The `package.json` of a developer who has installed what a snippet says. @throws when the lock file lacks one of them */
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
