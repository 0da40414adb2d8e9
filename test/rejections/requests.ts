import { vi } from 'vitest'
import type { ExplainedRejection } from '../../src/rejections/rejections.ts'
import { type Answer, createSecurityFixture, passTime, type SecurityFixture } from '../security/attacker.ts'
import { type Latchkey, type LatchkeyOptions, startLatchkey } from '../support/latchkey.ts'

/** A server, ways to send it wrong requests, and what it kept of them. */
export interface Desk {
  latchkey: Latchkey
  fixture: SecurityFixture
  /** What was kept of the request that was answered so, found by the reference that the answer carries. */
  kept(answer: Pick<Answer, 'headers'>): Promise<ExplainedRejection>
  /** The same, in short: the rule that explains it. */
  ruleOf(answer: Pick<Answer, 'headers'>): Promise<string>
  close(): Promise<void>
}

/** Seconds between two looks: more refusals than one in three seconds of one client are not all kept. */
const PACE = 4

export const referenceOf = ({ headers }: Pick<Answer, 'headers'>): string =>
  headers.get('x-request-id') ?? 'none'

export async function openDesk(options: LatchkeyOptions = {}): Promise<Desk> {
  const latchkey = await startLatchkey(options)
  const kept = async (answer: Pick<Answer, 'headers'>) => {
    const shown = await latchkey.services.rejections.show(referenceOf(answer))
    passTime(PACE)
    return shown
  }
  return {
    latchkey,
    fixture: createSecurityFixture(latchkey),
    kept,
    ruleOf: async (answer) => (await kept(answer)).explanation.rule,
    async close() {
      vi.useRealTimers()
      await latchkey.stop()
    },
  }
}

/** Everything that the table holds, as text. */
export async function everything({ services }: Latchkey): Promise<string> {
  await services.rejections.flush()
  return JSON.stringify(await services.db.prisma.rejection.findMany())
}
