import { describeUserAgent, UNKNOWN_DEVICE } from '../sessions/devices.ts'

/** How long ago, in words. @param seconds */
function ago(seconds: number): string {
  if (seconds < 60) return 'just now'
  const minutes = Math.floor(seconds / 60)
  return minutes === 1 ? '1 minute ago' : `${minutes} minutes ago`
}

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
  const browser = describeUserAgent(userAgent)
  const name = browser === UNKNOWN_DEVICE ? program(userAgent) : browser
  return {
    name: name === undefined ? 'It does not say what it is' : `Calls itself “${name}”`,
    address,
    since: ago(now - askedAt),
  }
}
