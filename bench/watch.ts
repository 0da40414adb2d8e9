/**
 * Loaded into a server under measurement before its program (`--import`), and asked over the channel of its parent: how long its
 * event loop was held up and how long V8 collected since it was last asked, what CPU time it has used, and for a profile of what it does.
 */
import { Session } from 'node:inspector/promises'
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import type { Question } from './process.ts'

/** Milliseconds. */
export interface Pauses {
  loopP99: number
  loopMax: number
  collecting: number
  /** Of all threads since the process began: getrusage(2), which counts finer than the ticks of /proc. */
  cpu: number
}

/** How often the timer of the histogram is due; what a loop without pauses shows too. */
const RESOLUTION_MS = 5
const NS_PER_MS = 1e6
const US_PER_MS = 1000
/** Between two samples of a profile. */
const SAMPLE_US = 100

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
delay.enable()
let collecting = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) collecting += entry.duration
}).observe({ entryTypes: ['gc'] })

const beyond = (ns: number) => Math.max(0, ns / NS_PER_MS - RESOLUTION_MS)

const session = new Session()

const answers = {
  async pauses(): Promise<Pauses> {
    const { user, system } = process.cpuUsage()
    const cpu = (user + system) / US_PER_MS
    const pauses = { loopP99: beyond(delay.percentile(99)), loopMax: beyond(delay.max), collecting, cpu }
    delay.reset()
    collecting = 0
    return pauses
  },
  async profile() {
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US })
    await session.post('Profiler.start')
    return null
  },
  async profiled() {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    return profile
  },
}

process.on('message', async (question: Question) => {
  const answer = await answers[question]()
  process.send?.(answer)
})
// The channel alone does not keep a server running.
process.channel?.unref()
