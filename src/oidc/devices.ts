import type { ArtifactStore } from '../storage/artifacts/store.ts'
import { type Generation, generationOf } from './generations.ts'
import type { SessionDevice } from './session-facts.ts'

/** A browser in which an account is signed in. */
export interface SignedInDevice {
  uid: string
  /** “Firefox on Linux” */
  device: string
  /** “Signed in on 3 November 2026 from 192.0.2.1” */
  detail: string
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\b(OPR|Opera)\//, 'Opera'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrom(e|ium)\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/iPhone|iPad|iPod/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
]

/** A browser and system in words; a guess from the User-Agent header, good enough to tell one's devices apart. */
export function describeUserAgent(userAgent: string): string {
  const name = (table: typeof BROWSERS) => table.find(([pattern]) => pattern.test(userAgent))?.[1]
  const [browser, system] = [name(BROWSERS), name(SYSTEMS)]
  if (browser && system) return `${browser} on ${system}`
  return browser ?? system ?? 'Unknown device'
}

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

/** Of an account's sessions, those of its generation: others count for nothing. */
export async function listDevices(
  artifacts: Pick<ArtifactStore, 'listByAccount'>,
  account: ({ id: string } & Generation) | undefined,
): Promise<SignedInDevice[]> {
  if (account === undefined) return []
  const sessions = await artifacts.listByAccount('Session', account.id)
  return sessions.flatMap(({ payload }) => {
    const { uid, loginTs, device } = payload as { uid?: string; loginTs?: number; device?: SessionDevice }
    if (uid === undefined || loginTs === undefined || generationOf(payload) !== account.generation) return []
    const from = device?.address ? ` from ${device.address}` : ''
    return [
      {
        uid,
        device: describeUserAgent(device?.userAgent ?? ''),
        detail: `Signed in on ${day.format(loginTs * 1000)}${from}`,
      },
    ]
  })
}
