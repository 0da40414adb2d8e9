/** `npm run bench`: Latchkey against a bare oidc-provider on a Map, in turns, on one core. See the README. */
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { startLatchkey } from './latchkey.ts'
import { load, median } from './load.ts'
import { startDurablePostgres } from './postgres.ts'
import { canPin, pinLoad } from './process.ts'
import { type Scenario, scenarios } from './scenarios.ts'
import { signInRate, tokenLatency } from './sign-in.ts'
import { startUp } from './start-up.ts'
import { type Row, table } from './table.ts'
import { startBareTarget, type Target } from './target.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
    'no-postgres': { type: 'boolean', default: false },
    'bare-only': { type: 'boolean', default: false },
  },
})
const CONNECTIONS = 10
const rounds = options.quick ? 1 : 3
const seconds = options.quick ? 1 : 2.5
const limitSeconds = options.quick ? 60 : 360
const wanted = (name: string) => name.includes(options.only ?? '')
const problems: string[] = []
const closers: (() => Promise<void>)[] = []
let starting: ReturnType<typeof startTargets> | undefined
const say = (text: string) => process.stderr.write(text)

async function measure(scenario: Scenario, bare: Target, targets: Target[]): Promise<Row> {
  const all = [bare, ...targets]
  const rates = new Map<string, number[]>(all.map((target) => [target.name, []]))
  const cpu = new Map<string, number[]>(all.map((target) => [target.name, []]))
  say(`${scenario.name} `)
  // Round -1 warms up: the code is compiled, the caches filled, nothing is counted.
  for (let round = -1; round < rounds; round++) {
    for (const target of all) {
      const spec = await scenario.prepare(target, CONNECTIONS)
      const before = target.server.cpu()
      const result = await load(spec, { seconds: round < 0 ? 0.5 : seconds, connections: CONNECTIONS })
      const after = target.server.cpu()
      if (result.failures > 0) {
        problems.push(`${scenario.name}, ${target.name}: ${result.failures} × ${result.firstFailure}`)
      }
      if (round < 0) continue
      rates.get(target.name)?.push(result.perSecond)
      if (before !== undefined && after !== undefined && result.requests > 0) {
        cpu.get(target.name)?.push(((after - before) * 1000) / result.requests)
      }
    }
    say('.')
  }
  say('\n')
  const medians = (map: typeof rates, list: Target[]) =>
    Object.fromEntries(list.map(({ name }) => [name, median(map.get(name) ?? [])]))
  return {
    name: scenario.name,
    unit: 'req/s',
    baseline: median(rates.get(bare.name) ?? []),
    values: medians(rates, targets),
    cpu: medians(cpu, all),
  }
}

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
      targets.push(keep(await startLatchkey('PostgreSQL', postgres.url)))
    }
  }
  return { bare, targets }
}

async function run(): Promise<void> {
  pinLoad()
  say(canPin ? 'servers on core 0, load on core 1\n' : 'no taskset: servers and load share all cores\n')
  starting = startTargets()
  const { bare, targets } = await starting
  const rows: Row[] = []
  for (const scenario of scenarios)
    if (wanted(scenario.name)) rows.push(await measure(scenario, bare, targets))
  const signInOptions = { rounds, seconds, problems }
  if (wanted('sign-in')) rows.push(await signInRate(targets, signInOptions))
  if (wanted('token p99')) rows.push(...(await tokenLatency(bare, targets, signInOptions)))
  if (wanted('start')) rows.push(...(await startUp(bare, targets, rounds)))

  const names = targets.map((target) => target.name)
  console.log(
    `\n${table(rows, names)}\n\nMedian of ${rounds}, ${seconds} s each, ${CONNECTIONS} connections.`,
  )
  for (const problem of problems) console.log(`WRONG ANSWER  ${problem}`)
  if (options.json) {
    const machine = { cpu: cpus()[0]?.model, node: process.version, pinned: canPin }
    await writeFile(
      options.json,
      `${JSON.stringify({ machine, rounds, seconds, rows, problems }, null, 2)}\n`,
    )
  }
}

async function finish(status: number): Promise<never> {
  // A server that is starting is not in the list yet.
  await starting?.catch(() => undefined)
  for (const close of [...closers].reverse()) await close().catch((error: unknown) => say(`${error}\n`))
  process.exit(status)
}

setTimeout(() => {
  say(`stopped: longer than ${limitSeconds} s\n`)
  finish(1)
}, limitSeconds * 1000).unref()
process.once('SIGINT', () => finish(130))
run().then(
  () => finish(problems.length > 0 ? 1 : 0),
  (error: unknown) => {
    say(`${error instanceof Error ? error.message : error}\n`)
    finish(1)
  },
)
