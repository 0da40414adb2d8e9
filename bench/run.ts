/** `npm run bench`: Latchkey against a bare oidc-provider on a Map, in turns, on one core. See the README. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isFresh } from '../bin/compiled.mjs'
import { startLatchkey } from './latchkey.ts'
import { HOT, measure } from './measure.ts'
import { memoryUnderLoad } from './memory.ts'
import { startDurablePostgres } from './postgres.ts'
import { canPin, pinLoad, root } from './process.ts'
import { profile } from './profile.ts'
import { keepResults, lastResults, type Results, whatGotWorse } from './results.ts'
import { scenarios } from './scenarios.ts'
import { signInRate, tokenLatency } from './sign-in.ts'
import { startUp } from './start-up.ts'
import { type Row, rowsOrProblem, table } from './table.ts'
import { startBareTarget, type Target } from './target.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '0.1' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    connections: { type: 'string', default: '8,32' },
    json: { type: 'string' },
    'no-postgres': { type: 'boolean', default: false },
    'bare-only': { type: 'boolean', default: false },
  },
})
const RESULTS = join(root, 'bench', 'results')
/** Of requests: many short turns that follow one another, so that what the machine does beside falls on all targets alike. */
const turns = options.quick ? { rounds: 2, seconds: 0.5 } : { rounds: 12, seconds: 0.5 }
const rounds = options.quick ? 1 : 3
const seconds = options.quick ? 1 : 2
const limitSeconds = options.quick ? 120 : 2700
const counts = (options.quick ? '8' : options.connections).split(',').map(Number)
const whole = !options.quick && options.only === undefined && !options['no-postgres'] && !options['bare-only']
const wanted = (name: string) => name.includes(options.only ?? '')
const problems: string[] = []
const rows: Row[] = []
const closers: (() => Promise<void>)[] = []
let starting: ReturnType<typeof startTargets> | undefined
const say = (text: string) => process.stderr.write(text)

async function startTargets(): Promise<{ bare: Target; targets: Target[] }> {
  const keep = (target: Target) => {
    closers.push(() => target.stop())
    return target
  }
  const bare = keep(await startBareTarget())
  if (options['bare-only']) return { bare, targets: [] }
  const targets = [keep(await startLatchkey('SQLite'))]
  if (!options.quick && !options['no-postgres']) {
    const postgres = await startDurablePostgres().catch((error: unknown) => {
      say(`skipped PostgreSQL: ${error}\n`)
      return undefined
    })
    if (postgres) {
      closers.unshift(() => postgres.stop())
      targets.push(keep(await startLatchkey('PostgreSQL', postgres)))
    }
  }
  return { bare, targets }
}

async function run(): Promise<void> {
  pinLoad()
  say(canPin ? 'servers on core 0, load on core 1\n' : 'no taskset: servers and load share all cores\n')
  starting = startTargets()
  const { bare, targets } = await starting
  for (const scenario of scenarios.filter(({ name }) => wanted(name)))
    for (const [place, connections] of counts.entries()) {
      // What is hot at 8 connections is hot at 32.
      const hot = (options.quick ? HOT / 10 : HOT) / (place === 0 ? 1 : 10)
      await addRows(scenario.name, () =>
        measure(scenario, bare, targets, { ...turns, connections, hot, problems, say }),
      )
    }
  const signInOptions = { rounds, seconds, hot: options.quick ? 50 : 500, problems }
  const minute = { seconds: options.quick ? 5 : 60, connections: 32, problems }
  await addRows('sign-in', () => signInRate(targets, signInOptions, false))
  await addRows('token p99', () => tokenLatency(bare, targets, signInOptions))
  await addRows('memory under load', () => memoryUnderLoad(bare, targets, minute, false))
  await addRows('memory under load', () => memoryUnderLoad(bare, targets, minute, true))
  // Last of all that sign in: from here on the account has a second factor.
  await addRows('sign-in, remembered device', () => signInRate(targets, signInOptions, true))
  await addRows('start', () => startUp(bare, targets, rounds))
  await report()
}

/** Measures rows that are asked for. What cannot be measured is a problem of the run and not its end. */
async function addRows(name: string, take: () => Promise<Row | Row[]>): Promise<void> {
  if (wanted(name)) rows.push(...(await rowsOrProblem(name, take, problems)))
}

/** Prints what was measured: also of a run that was stopped before its end. */
async function report(): Promise<void> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.values)))]
  console.log(
    `\n${table(rows, names)}\n\nMedian of ${turns.rounds} rounds, ${turns.seconds} s for each target; of ${rounds} of ${seconds} s for the others.`,
  )
  for (const problem of problems) console.log(`WRONG ANSWER  ${problem}`)
  const machine = { cpu: cpus()[0]?.model, node: process.version, pinned: canPin }
  await keep({ machine, turns, rounds, seconds, rows, problems })
}

/** Compares with the last whole run, and keeps this one if it is whole and every answer was right. */
async function keep(results: Results): Promise<void> {
  if (options.json) await writeFile(options.json, `${JSON.stringify(results, null, 1)}\n`)
  const last = await lastResults(RESULTS)
  if (last) {
    const worse = whatGotWorse(last.rows, results.rows)
    console.log(
      worse.length
        ? `\nWorse than in ${last.file}:`
        : `\nNothing is worse than in ${last.file} by more than 15 %.`,
    )
    for (const line of worse) console.log(`  ${line}`)
  }
  if (whole && results.problems.length === 0) console.log(`\nKept in ${await keepResults(RESULTS, results)}`)
}

async function finish(status: number): Promise<never> {
  // A server that is starting is not in the list yet.
  await starting?.catch(() => undefined)
  for (const close of [...closers].reverse()) await close().catch((error: unknown) => say(`${error}\n`))
  process.exit(status)
}

/** `profile` says of each scenario where the time of each target goes. */
async function runProfiles(): Promise<void> {
  pinLoad()
  starting = startTargets()
  const { bare, targets } = await starting
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-profiles-'))
  for (const scenario of scenarios.filter(({ name }) => wanted(name)))
    for (const target of [bare, ...targets]) {
      const file = join(folder, `${scenario.name} ${target.name}.cpuprofile`.replaceAll(/[^\w.-]+/g, '-'))
      console.log(`\n${await profile(scenario, target, counts[0] ?? 8, file)}`)
    }
}

/** `growth` is a comparison of its own, which takes as long as it takes. */
async function runGrowth(): Promise<void> {
  const scale = Number(options.scale)
  if (!(scale > 0)) throw new Error('--scale is a number: 1 for the sizes of the README')
  const { growth } = await import('./growth/run.ts')
  await growth({ scale, postgres: !options['no-postgres'] })
}

async function runMemberships(): Promise<void> {
  const { memberships } = await import('./growth/memberships.ts')
  await memberships({ postgres: !options['no-postgres'] })
}

const COMMANDS = { growth: runGrowth, memberships: runMemberships, profile: runProfiles }
const [command, ...others] = positionals
if (others.length > 0 || (command !== undefined && !Object.hasOwn(COMMANDS, command))) {
  say(`there is no ${positionals.join(' ')}: the commands are ${Object.keys(COMMANDS).join(' and ')}\n`)
  process.exit(2)
}
if (!isFresh(root)) {
  say('build/ is older than its sources, so that they would be measured uncompiled: npm run build\n')
  process.exit(2)
}
setTimeout(
  () => {
    problems.push(`stopped: longer than ${limitSeconds} s`)
    report().finally(() => finish(1))
  },
  command === 'growth' || command === 'memberships' ? 2 ** 31 - 1 : limitSeconds * 1000,
).unref()
process.once('SIGINT', () => finish(130))
;(command === undefined ? run : COMMANDS[command as keyof typeof COMMANDS])().then(
  () => finish(problems.length > 0 ? 1 : 0),
  (error: unknown) => {
    say(`${error instanceof Error ? error.message : error}\n`)
    finish(1)
  },
)
