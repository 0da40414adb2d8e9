/**
 * `npm test`: types, lint, unused code, import rule, numbers of decisions, files that texts name, generated files, then the test suite. Everything runs even when
 * something before it failed. The last line is “N passed, N failed”. With CI=true a skipped test counts as failed.
 *
 *   npm test -- test/oidc     only the checks' tests that match
 *   npm run check             only the checks
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const onlyChecks = process.argv.includes('--checks')
const filters = process.argv.slice(2).filter((argument) => argument !== '--checks')
const ci = process.env.CI === 'true'
let passed = 0
let failed = 0

const run = (command: string, args: readonly string[]) =>
  spawnSync(command, args, {
    stdio: 'inherit',
    env: { ...process.env, FORCE_COLOR: process.env.FORCE_COLOR ?? '0' },
  }).status === 0

const checks: readonly (readonly [string, string, readonly string[]])[] = [
  ['types', 'tsc', ['--noEmit', '-p', '.']],
  ['lint and format', 'biome', ['check', '--error-on-warnings', '.']],
  ['unused files, exports, dependencies', 'knip', []],
  ['import rule', process.execPath, ['scripts/check-imports.ts']],
  ['numbers of decisions', process.execPath, ['scripts/check-decisions.ts']],
  ['files that texts name', process.execPath, ['scripts/check-paths.ts']],
  ['pages of connected applications', process.execPath, ['scripts/connect-docs.ts', '--check']],
  ['page of settings', process.execPath, ['scripts/settings-docs.ts', '--check']],
  ['one source of models', process.execPath, ['scripts/generate-clients.mjs', '--check']],
]

if (filters.length === 0) {
  for (const [name, command, args] of checks) {
    const ok = run(command, args)
    console.log(`${ok ? '✓' : '✗'} ${name}`)
    if (ok) passed++
    else failed++
  }
}

/** What is read of vitest's JSON report. */
interface Results {
  numPassedTests: number
  numFailedTests: number
  testResults: { assertionResults: { status: string; fullName: string }[] }[]
}

if (!onlyChecks) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  const file = join(folder, 'results.json')
  const ok = run('vitest', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...filters,
  ])
  try {
    const results = JSON.parse(readFileSync(file, 'utf8')) as Results
    passed += results.numPassedTests
    failed += results.numFailedTests
    const skipped = results.testResults.flatMap((suite) =>
      suite.assertionResults.filter((test) => test.status !== 'passed' && test.status !== 'failed'),
    )
    for (const test of skipped) console.log(`${ci ? '✗' : '-'} skipped: ${test.fullName}`)
    if (ci) failed += skipped.length
    // A suite that could not even load has no failed test of its own.
    if (!ok && results.numFailedTests === 0) failed += 1
  } catch {
    console.error('the test runner left no results')
    failed += 1
  }
  rmSync(folder, { recursive: true, force: true })
}

console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
