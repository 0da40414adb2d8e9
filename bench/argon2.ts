/** What password hashing alone gives: the verifications a second that Latchkey's own hasher does on this core. */
import { createHasher } from '../src/accounts/passwords/hashing.ts'

const hasher = createHasher({ clock: Date.now })
const password = 'marmot ladder quartz ninety'
const hash = await hasher.hash(password)
const until = performance.now() + Number(process.env.BENCH_MS ?? 3000)
const startedAt = performance.now()
const before = process.cpuUsage()
let count = 0

async function worker(): Promise<void> {
  while (performance.now() < until) {
    if (!(await hasher.verify(hash, password))) throw new Error('the password does not match its own hash')
    count++
  }
}

await Promise.all([worker(), worker(), worker(), worker()])
const { user, system } = process.cpuUsage(before)
const perSecond = (count * 1000) / (performance.now() - startedAt)
// All threads; microseconds a verification.
console.log(JSON.stringify({ perSecond, cpu: (user + system) / count }))
