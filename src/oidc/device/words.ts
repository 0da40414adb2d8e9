import { t } from '../../shared/locales/texts.ts'
import { knownUserAgent } from '../sessions/devices.ts'

/** How long ago, in words. @param seconds */
const ago = (seconds: number): string =>
  seconds < 60 ? t('device.confirm.justNow') : t('device.confirm.ago', { minutes: Math.floor(seconds / 60) })

/** The program that a User-Agent header begins with: “curl/8.5.0”. */
const program = (userAgent: string): string | undefined =>
  /^[\w.-]{1,30}(\/[\w.-]{1,20})?/.exec(userAgent)?.[0]

/**
 * What asks for a sign-in with a code, for the person who decides. All but the address and the time is what the program says
 * of itself.
 * @param now seconds since the epoch
 */
export function describeDevice(
  { address, userAgent, askedAt }: { address: string; userAgent: string; askedAt: number },
  now: number,
): { name: string; address: string; since: string } {
  const name = knownUserAgent(userAgent) ?? program(userAgent)
  return {
    name: name === undefined ? t('device.confirm.unnamed') : t('device.confirm.named', { name }),
    address,
    since: ago(now - askedAt),
  }
}
