import { z } from 'zod'
import type { HttpBrowser } from '../test/support/flow.ts'
import { load, median } from './load.ts'
import { runPinned } from './process.ts'
import { rememberedBrowser } from './remembered.ts'
import { introspection, opaqueToken } from './scenarios.ts'
import type { Row } from './table.ts'
import type { Target } from './target.ts'
import { prepareSignIns, signIns } from './tokens.ts'

const argon2Schema = z.object({ perSecond: z.number() })

interface SignInOptions {
  rounds: number
  seconds: number
  problems: string[]
}

/** More than one core can hash in the time, so that the forms last. */
const enough = (seconds: number) => Math.ceil(seconds * 45)

/**
 * Sign-ins a second against what the hashing alone gives on the same core.
 * @param remembered from a browser that stands in for the second factor of the account
 */
export async function signInRate(
  targets: Target[],
  { rounds, seconds }: SignInOptions,
  remembered: boolean,
): Promise<Row> {
  const devices = new Map<string, HttpBrowser>()
  if (remembered) for (const target of targets) devices.set(target.name, await rememberedBrowser(target))
  const alone: number[] = []
  const rates = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    const env = { ...process.env, BENCH_MS: String(seconds * 1000) }
    alone.push(argon2Schema.parse(await runPinned('bench/argon2.ts', env)).perSecond)
    for (const target of targets) {
      const prepared = await prepareSignIns(target, enough(seconds), devices.get(target.name))
      const { perSecond } = await signIns(prepared, 4, AbortSignal.timeout(seconds * 1000))
      rates.set(target.name, [...(rates.get(target.name) ?? []), perSecond])
    }
  }
  const values = Object.fromEntries([...rates].map(([name, list]) => [name, median(list)]))
  const name = remembered ? 'sign-in, remembered device' : 'sign-in'
  return { name, unit: 'sign-ins/s', baseline: median(alone), against: 'argon2 alone', values }
}

/** How long a client waits for a token, and for an introspection, while many people sign in at once, and while nobody does. */
export async function tokenLatency(
  bare: Target,
  targets: Target[],
  { seconds, problems }: SignInOptions,
): Promise<Row[]> {
  const steady = { seconds, connections: 5, rate: 50 }
  const busy = { seconds, connections: 8 }
  const measureLoad = async (target: Target, what: 'token' | 'introspection') => {
    const [prepare, how] = what === 'token' ? [opaqueToken, steady] : [introspection, busy]
    const result = await load(await prepare(target), how)
    if (result.failures > 0) problems.push(`${what} latency, ${target.name}: ${result.firstFailure}`)
    return result.p99
  }
  const measure = (target: Target) => measureLoad(target, 'token')
  const baseline = await measure(bare)
  const calm: Row['values'] = {}
  const storms: Row[] = []
  for (const target of targets) {
    const before = await measure(target)
    const readsBefore = await measureLoad(target, 'introspection')
    calm[target.name] = before
    const prepared = await prepareSignIns(target, enough(2 * seconds + 1))
    const over = new AbortController()
    const storming = signIns(prepared, 16, over.signal)
    const during = await measure(target)
    const reads = await measureLoad(target, 'introspection')
    over.abort()
    const { done } = await storming
    if (done >= prepared.length)
      problems.push(`token latency, ${target.name}: the storm ended before its measurement`)
    storms.push({
      name: `token p99 while sign-ins storm, ${target.name}`,
      unit: 'ms',
      baseline: before,
      against: 'itself while nobody signs in',
      values: { [target.name]: during },
    })
    storms.push({
      name: `introspection p99, 8 at once, while sign-ins storm, ${target.name}`,
      unit: 'ms',
      baseline: readsBefore,
      against: 'itself while nobody signs in',
      values: { [target.name]: reads },
    })
  }
  return [{ name: 'token p99 at 50 a second', unit: 'ms', baseline, values: calm }, ...storms]
}
