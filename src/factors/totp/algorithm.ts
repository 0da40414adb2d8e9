import { createHmac, timingSafeEqual } from 'node:crypto'

/** Authenticator apps ignore other values than these, or fail on them. */
export const DIGITS = 6
/** In seconds (RFC 6238 §4.1: X). */
export const STEP_SECONDS = 30

/** HOTP (RFC 4226 §5.3). */
export function hotp(secret: Uint8Array, counter: number, digits: number = DIGITS): string {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  const mac = createHmac('sha1', secret).update(message).digest()
  const offset = (mac.at(-1) ?? 0) & 0xf
  const number = (mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits
  return String(number).padStart(digits, '0')
}

/** The time step of a moment (RFC 6238 §4.2: T). @param time milliseconds since the epoch */
export const stepAt = (time: number): number => Math.floor(time / 1000 / STEP_SECONDS)

/**
 * The time step that a code is of: this one, the one before (a person who typed slowly) or the next (a clock that is
 * ahead), RFC 6238 §5.2. Undefined: none of them. Every comparison is made, each in constant time.
 * @param time of this server alone, in milliseconds since the epoch
 */
export function matchingStep(secret: Uint8Array, code: string, time: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  const now = stepAt(time)
  const steps = [now - 1, now, now + 1].filter((step) =>
    timingSafeEqual(Buffer.from(hotp(secret, step)), Buffer.from(code)),
  )
  return steps.at(-1)
}
