import { createHmac } from 'node:crypto'
import type { Latchkey } from './latchkey.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const STEP = 30_000

/** The code of an authenticator app (RFC 6238, RFC 4226 §5.3), reckoned apart from the server. @param time milliseconds */
export function totpCode(secret: string, time: number): string {
  const bits = [...secret].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(time / STEP)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** The authenticator app of an account. */
export interface AuthenticatorApp {
  secret: string
  recoveryCodes: readonly string[]
  /** A code that was not used yet: the server's clock moves on by a step. */
  code(): string
  /** A code that is right at no time near this one. */
  wrongCode(): string
}

/** A clock that tests move on, for `startLatchkey`. */
export function movableClock(): { now(): number; later(milliseconds: number): void } {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    later: (milliseconds) => {
      ahead += milliseconds
    },
  }
}

/** Sets up an authenticator app for an account. @param clock that of the server */
export async function withAuthenticatorApp(
  latchkey: Latchkey,
  accountId: string,
  clock: ReturnType<typeof movableClock>,
): Promise<AuthenticatorApp> {
  const { totp } = latchkey.services.factors
  const { id, secret } = await totp.begin(accountId)
  const { generation = 0 } = (await latchkey.services.accounts.byId(accountId)) ?? {}
  const confirmed = await totp.confirm({ accountId, generation }, id, totpCode(secret, clock.now()))
  if (confirmed.kind !== 'confirmed') throw new Error('the app was not confirmed')
  return {
    secret,
    recoveryCodes: confirmed.recoveryCodes ?? [],
    code() {
      clock.later(STEP)
      return totpCode(secret, clock.now())
    },
    wrongCode() {
      const near = [-2, -1, 0, 1, 2].map((steps) => totpCode(secret, clock.now() + steps * STEP))
      return (
        ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.includes(code)) ??
        ''
      )
    },
  }
}
