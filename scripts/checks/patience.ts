/**
 * Tests wait for what they look at, and count instead of timing (CONTRIBUTING.md, “Tests”): a machine with other things to do is no
 * failure. Prints each line of a test that goes by the clock, and exits 1.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const INSTEAD: readonly { found: RegExp; instead: string }[] = [
  {
    found: /\bvi\.wait(For|Until)\(/,
    instead: '`eventually` of test/support/eventually.ts: vitest’s own gives up after a second',
  },
  { found: /\bvi\.getTimerCount\(/, instead: 'what the timer does: files of one process share its timers' },
  { found: /\bperformance\.now\(\)/, instead: 'a count of what was done' },
  { found: /setTimeout\(resolve, \d/, instead: 'the event that is waited for, or `eventually`' },
]
/** What the others use. */
const OWN = join('support', 'eventually.ts')

const problems = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && file !== OWN)
  .flatMap((file) =>
    readFileSync(join('test', file), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        INSTEAD.filter(({ found }) => found.test(line)).map(
          ({ instead }) => `test/${file}:${index + 1}: goes by the clock. Take ${instead}`,
        ),
      ),
  )

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log('patience: no test goes by the clock')
