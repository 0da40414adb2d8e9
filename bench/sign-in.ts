import { z } from 'zod'
import type { HttpBrowser } from '../test/support/flow.ts'
import { load, median } from './load.ts'
import { runPinned } from './process.ts'
import { rememberedBrowser } from './remembered.ts'
import { introspection, opaqueToken } from './scenarios.ts'
import type { Row } from './table.ts'
import type { Target } from './target.ts'
import { type PreparedSignIn, prepareSignIns, signIns } from './tokens.ts'

const argon2Schema = z.object({ perSecond: z.number(), cpu: z.number() })

interface SignInOptions {
  rounds: number
  seconds: number
  /** Sign-ins to each target before the first round, at most. */
  hot: number
  problems: string[]
}

/** Sign-ins after which the warm-up looks whether they still become cheaper. */
const STRETCH = 50
/** What is less than that is no difference. */
const FALLS = 0.97
/** At a time. */
const PARALLEL = 4
const US_PER_MS = 1000

/** Sends what was prepared. @returns cpu: of the server, all its threads, in microseconds a sign-in */
async function measured(target: Target, prepared: PreparedSignIn[], signal: AbortSignal) {
  const before = (await target.server.ask('pauses')).cpu
  const { done, perSecond } = await signIns(prepared, PARALLEL, signal)
  return { perSecond, cpu: (((await target.server.ask('pauses')).cpu - before) * US_PER_MS) / done }
}

/** Until the CPU time of a sign-in falls no more: a server is hot for all of its life, and the first ones run code that is not compiled yet. */
async function warmUpSignIns(target: Target, hot: number, device: HttpBrowser | undefined): Promise<void> {
  let last = Number.POSITIVE_INFINITY
  for (let count = 0; count < hot; count += STRETCH) {
    const prepared = await prepareSignIns(target, STRETCH, device)
    const { cpu } = await measured(target, prepared, new AbortController().signal)
    if (cpu > last * FALLS) return
    last = cpu
  }
}

/** More than one core can hash in the time, so that the forms last. */
const enough = (seconds: number) => Math.ceil(seconds * 45)

/**
 * Sign-ins a second against what the hashing alone gives on the same core.
 * @param remembered from a browser that stands in for the second factor of the account
 */
export async function signInRate(
  targets: Target[],
  { rounds, seconds, hot }: SignInOptions,
  remembered: boolean,
): Promise<Row> {
  const devices = new Map<string, HttpBrowser>()
  if (remembered) for (const target of targets) devices.set(target.name, await rememberedBrowser(target))
  for (const target of targets) await warmUpSignIns(target, hot, devices.get(target.name))
  const alone: z.infer<typeof argon2Schema>[] = []
  const turns = new Map<string, { perSecond: number; cpu: number }[]>(targets.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const env = { ...process.env, BENCH_MS: String(seconds * 1000) }
    alone.push(argon2Schema.parse(await runPinned('bench/argon2.ts', env)))
    for (const target of targets) {
      const prepared = await prepareSignIns(target, enough(seconds), devices.get(target.name))
      turns.get(target.name)?.push(await measured(target, prepared, AbortSignal.timeout(seconds * 1000)))
    }
  }
  const medians = (pick: (turn: { perSecond: number; cpu: number }) => number) =>
    Object.fromEntries([...turns].map(([name, list]) => [name, median(list.map(pick))]))
  return {
    name: remembered ? 'sign-in, remembered device' : 'sign-in',
    unit: 'sign-ins/s',
    baseline: median(alone.map(({ perSecond }) => perSecond)),
    against: 'argon2 alone',
    values: medians(({ perSecond }) => perSecond),
    cpu: { bare: median(alone.map(({ cpu }) => cpu)), ...medians(({ cpu }) => cpu) },
  }
}

/**
 * How long a client waits for a token, and for an introspection, while many people sign in at once, and while nobody does. Each round has all of it, after one
 * that does not count: of one pass of 100 requests the slowest hundredth is one of them.
 */
export async function tokenLatency(
  bare: Target,
  targets: Target[],
  { rounds, seconds, problems }: SignInOptions,
): Promise<Row[]> {
  const steady = { seconds, connections: 5, rate: 50 }
  const busy = { seconds, connections: 8 }
  const waits = new Map<string, number[]>()
  const of = (name: string) => median(waits.get(name) ?? [])
  async function take(target: Target, what: 'token' | 'introspection', when: string): Promise<void> {
    const [prepare, how] = what === 'token' ? [opaqueToken, steady] : [introspection, busy]
    const result = await load(await prepare(target), how)
    if (result.failures > 0) problems.push(`${what} latency, ${target.name}: ${result.firstFailure}`)
    const name = `${what} ${when} ${target.name}`
    waits.set(name, [...(waits.get(name) ?? []), result.p99])
  }
  async function storm(target: Target): Promise<void> {
    const prepared = await prepareSignIns(target, enough(2 * seconds + 1))
    const over = new AbortController()
    const storming = signIns(prepared, 16, over.signal)
    await take(target, 'token', 'in a storm')
    await take(target, 'introspection', 'in a storm')
    over.abort()
    const { done } = await storming
    if (done >= prepared.length)
      problems.push(`token latency, ${target.name}: the storm ended before its measurement`)
  }
  for (let round = 0; round <= rounds; round++) {
    await take(bare, 'token', 'calm')
    for (const target of targets) {
      await take(target, 'token', 'calm')
      await take(target, 'introspection', 'calm')
      await storm(target)
    }
    if (round === 0) waits.clear()
  }
  const row = (name: string, what: string, { name: target }: Target): Row => ({
    name: `${name} while sign-ins storm, ${target}`,
    unit: 'ms',
    baseline: of(`${what} calm ${target}`),
    against: 'itself while nobody signs in',
    values: { [target]: of(`${what} in a storm ${target}`) },
  })
  const calm = Object.fromEntries(targets.map(({ name }) => [name, of(`token calm ${name}`)]))
  return [
    { name: 'token p99 at 50 a second', unit: 'ms', baseline: of('token calm bare'), values: calm },
    ...targets.flatMap((target) => [
      row('token p99', 'token', target),
      row('introspection p99, 8 at once,', 'introspection', target),
    ]),
  ]
}
