import { load } from './load.ts'
import { underLoad } from './scenarios.ts'
import type { Row } from './table.ts'
import type { Target } from './target.ts'
import { prepareSignIns, signIns } from './tokens.ts'

interface MemoryOptions {
  /** How long the load lasts. */
  seconds: number
  connections: number
  problems: string[]
}

/** Between two looks, in milliseconds. */
const LOOK = 500
/** Sign-ins that are prepared at a time, and sent at once. */
const PREPARED = 40
const PARALLEL = 4

/**
 * Resident memory under load, of a server that has just started: the most of it that was seen. Requests for tokens, refreshes, introspections and authorizations come by a
 * quarter of the connections each.
 * @param withSignIns people sign in beside, a few at a time
 */
export async function memoryUnderLoad(
  bare: Target,
  targets: Target[],
  options: MemoryOptions,
  withSignIns: boolean,
): Promise<Row> {
  const values: Record<string, number | undefined> = {}
  for (const target of withSignIns ? targets : [bare, ...targets])
    values[target.name] = await mostUnderLoad(target, options, withSignIns)
  const { [bare.name]: baseline, ...of } = values
  return {
    name: `memory under load, ${options.connections} at once${withSignIns ? ', and sign-ins' : ''}`,
    unit: 'MiB',
    baseline,
    values: of,
  }
}

/** @returns MiB */
async function mostUnderLoad(
  target: Target,
  { seconds, connections, problems }: MemoryOptions,
  withSignIns: boolean,
): Promise<number | undefined> {
  await target.restart()
  const each = connections / underLoad.length
  const specs = await Promise.all(underLoad.map((prepare) => prepare(target, each)))
  const over = new AbortController()
  let most = target.server.memory()
  const looking = setInterval(() => {
    const now = target.server.memory()
    if (now !== undefined && now > (most ?? 0)) most = now
  }, LOOK)
  const loading = async () => {
    try {
      return await Promise.all(specs.map((spec) => load(spec, { seconds, connections: each })))
    } finally {
      over.abort()
    }
  }
  try {
    const people = withSignIns ? signInUntil(target, over.signal) : undefined
    const [loads] = await Promise.all([loading(), people])
    for (const { failures, firstFailure } of loads)
      if (failures > 0) problems.push(`memory under load, ${target.name}: ${failures} × ${firstFailure}`)
    return most
  } finally {
    over.abort()
    clearInterval(looking)
  }
}

async function signInUntil(target: Target, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await signIns(await prepareSignIns(target, PREPARED), PARALLEL, signal)
}
