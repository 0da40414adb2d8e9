// This room owns: messages to phones by a gateway of the operator's, and how many of them (toll fraud: a person has us send to
// numbers that pay them). It does not own: what a code is for, and whether it is right (src/factors).
//
//   a number ──> judged by its kind and country ──> counted by account, address, number, prefix and day ──> the gateway ──> an event
import { createHmac, type KeyObject } from 'node:crypto'
import { addressKey } from '../http/rate-limits/rate-limits.ts'
import type { Clock } from '../shared/clock.ts'
import { hiddenNumber } from '../shared/hidden-number.ts'
import type { SmsGateway } from './gateway.ts'
import { judgePhoneNumber, type NumberProblem } from './phone-numbers.ts'
import type { SmsCountStore } from './store.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** How many messages may be sent, and to which countries. Read at each use. */
export interface SmsSettings {
  readonly smsPrefixes: readonly string[]
  readonly smsPerAccount: number
  readonly smsPerAddress: number
  readonly smsPerNumber: number
  readonly smsPerPrefix: number
  readonly smsPerDay: number
}

/** What a limit counts by. */
export type SmsLimit = 'account' | 'address' | 'number' | 'prefix' | 'day'

/** For the audit log. `number`: hidden but for its last digits. Never a code or secret. */
export interface SmsEvent {
  type: 'factor.sms_sent' | 'factor.sms_failed' | 'factor.sms_withheld'
  accountId: string
  username: string
  number: string
  address?: string
  reason?: string
  /** What the gateway calls the error. */
  answer?: string
}

/**
 * `until`: when one is sent again, in milliseconds since the epoch. `maybeSent`: there was no certain answer, and it may arrive.
 */
export type SmsOutcome =
  | { kind: 'sent' }
  | { kind: 'refused'; problem: NumberProblem }
  | { kind: 'limited'; until: number }
  | { kind: 'failed'; maybeSent?: true }

export interface SmsMessage {
  to: { accountId: string; username: string; number: string }
  /** The address of the client that asks; undefined: none is known. */
  address: string | undefined
  text: string
  code: string
  /** Called when it may be sent, before it is: what the code needs to work. False: it is not sent. */
  keep(): Promise<boolean>
}

export interface Sms {
  /** Whether there is a gateway. */
  readonly on: boolean
  /** Sends one message, if the number and the limits allow it. Never throws for what a gateway does. */
  send(message: SmsMessage): Promise<SmsOutcome>
  /** Deletes a batch of counts that are over. Returns how many rows went. */
  purge(limit?: number): Promise<number>
}

export function createSms(deps: {
  gateway: SmsGateway
  counts: SmsCountStore
  settings: SmsSettings
  clock: Clock
  /** At least 256 bits: numbers and addresses are counted under a MAC. */
  key: KeyObject
  events(event: SmsEvent): void
}): Sms {
  const { gateway, counts, settings, clock, events } = deps
  const keyOf = (limit: SmsLimit, of: string): string =>
    `${limit}:${createHmac('sha256', deps.key).update(`${limit}\0${of}`).digest('base64url')}`

  /** The first limit that has none left. What was counted before it stays counted: who is refused may not try on for nothing. */
  async function exhausted({ to, address }: SmsMessage, prefixes: readonly string[]) {
    const now = clock()
    const limits: [SmsLimit, string, number, number][] = [
      ['account', to.accountId, settings.smsPerAccount, HOUR],
      ...(address === undefined
        ? []
        : [
            ['address', addressKey(address), settings.smsPerAddress, HOUR] as [
              SmsLimit,
              string,
              number,
              number,
            ],
          ]),
      ['number', to.number, settings.smsPerNumber, HOUR],
      // One named in another (+49, +49151) is a part of it, and has no numbers of its own.
      ...prefixes.map((prefix): [SmsLimit, string, number, number] => [
        'prefix',
        prefix,
        settings.smsPerPrefix,
        HOUR,
      ]),
      ['day', '', settings.smsPerDay, DAY],
    ]
    for (const [limit, of, most, window] of limits) {
      const until = await counts.reserve({
        key: keyOf(limit, of),
        now: new Date(now),
        windowEndsAt: new Date(now + window),
        most,
      })
      if (until !== undefined) return { limit, until }
    }
    return undefined
  }

  return {
    get on() {
      return gateway.on
    },

    async send(message) {
      const { to, address, text, code } = message
      const about = {
        accountId: to.accountId,
        username: to.username,
        number: hiddenNumber(to.number),
        ...(address !== undefined && { address }),
      }
      const judged = await judgePhoneNumber(to.number, settings.smsPrefixes)
      if ('problem' in judged) {
        events({ type: 'factor.sms_withheld', ...about, reason: judged.problem })
        return { kind: 'refused', problem: judged.problem }
      }
      const over = await exhausted(message, judged.prefixes)
      if (over) {
        events({ type: 'factor.sms_withheld', ...about, reason: `limit_${over.limit}` })
        return { kind: 'limited', until: over.until }
      }
      if (!(await message.keep())) return { kind: 'failed' }
      const sent = await gateway.send({ to: to.number, text, code })
      if (sent.kind === 'failed') {
        const { reason, answerCode: answer, maybeSent } = sent
        events({ type: 'factor.sms_failed', ...about, reason, ...(answer !== undefined && { answer }) })
        return { kind: 'failed', ...(maybeSent && { maybeSent }) }
      }
      events({ type: 'factor.sms_sent', ...about })
      return { kind: 'sent' }
    },

    purge: (limit = 1000) => counts.deleteEnded({ before: new Date(clock()), limit }),
  }
}
