import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { impersonationOf } from '../../shared/impersonation.ts'
import { type TextKey, t } from '../../shared/locales/texts.ts'
import { minuteOf } from '../../shared/moment.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { listCodeDevices } from '../device/signed-in.ts'
import type { LastUse, LastUses } from '../usage/last-uses.ts'
import { listApiSignIns } from './api-sign-ins.ts'
import type { SessionDevice } from './details.ts'
import { type Generation, generationOf } from './generations.ts'

/** A browser in which an account is signed in, or a device that was signed in with a code. */
export interface SignedInDevice {
  uid: string
  /** “Firefox on Linux” */
  device: string
  /** “Signed in on 3 Nov 2026, 14:05 UTC from 192.0.2.1 (Paris, France)” */
  detail: string
  /** “Last active 5 Nov 2026, 09:12 UTC from 192.0.2.7”, the address where it is another one; undefined: it is not known of its kind. */
  lastActive?: string | undefined
}

interface DeviceSources {
  artifacts: Pick<ArtifactStore, 'listByAccount'>
  lastUses: Pick<LastUses, 'of'>
  describeAddress(address: string): Promise<string>
  findClient(clientId: string): Promise<{ metadata: { client_name?: string | undefined } } | undefined>
  clock: Clock
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
export const describeUserAgent = (userAgent: string): string =>
  knownUserAgent(userAgent) ?? t('devices.unknown')

/** As `describeUserAgent`; undefined: neither is known. */
export function knownUserAgent(userAgent: string): string | undefined {
  const name = (table: typeof BROWSERS) => table.find(([pattern]) => pattern.test(userAgent))?.[1]
  const [browser, system] = [name(BROWSERS), name(SYSTEMS)]
  return browser && system ? t('devices.browser', { browser, system }) : (browser ?? system)
}

/** A browser in which an account is signed in. Times are milliseconds since the epoch. */
export interface BrowserSession {
  uid: string
  signedInAt: number
  /** Of the browser, as it was when the person signed in. */
  address: string
  userAgent: string
  /** An administrator is signed in as the person. */
  impersonated?: true
}

/** Of an account's sessions, those of its generation: others count for nothing. */
export async function listSessions(
  artifacts: DeviceSources['artifacts'],
  account: ({ id: string } & Generation) | undefined,
): Promise<BrowserSession[]> {
  if (account === undefined) return []
  const sessions = await artifacts.listByAccount('Session', account.id)
  return sessions.flatMap(({ payload }) => {
    const { uid, loginTs, device } = payload as { uid?: string; loginTs?: number; device?: SessionDevice }
    if (uid === undefined || loginTs === undefined || generationOf(payload) !== account.generation) return []
    const { address = '', userAgent = '' } = device ?? {}
    const impersonated = impersonationOf(payload) !== undefined
    return [{ uid, signedInAt: loginTs * 1000, address, userAgent, ...(impersonated && { impersonated }) }]
  })
}

/** The browsers of an account, then what was signed in with a code, then sign-ins by the JSON API. */
export async function listDevices(
  { artifacts, findClient, clock, lastUses, describeAddress }: DeviceSources,
  account: ({ id: string } & Generation) | undefined,
): Promise<SignedInDevice[]> {
  if (account === undefined) return []
  const said = async (key: TextKey, fromKey: TextKey, time: number, address: string | undefined) =>
    address
      ? t(fromKey, { time: minuteOf(time), place: await describeAddress(address) })
      : t(key, { time: minuteOf(time) })
  /** @param since when it was active for certain, and from where */
  const lastActive = async (use: LastUse | undefined, since: { at: number; address?: string }) => {
    const { at, address } = use !== undefined && use.at > since.at ? use : since
    const elsewhere = address === since.address ? undefined : address
    return said('devices.lastActive', 'devices.lastActive.from', at, elsewhere)
  }
  const codeDevices = await listCodeDevices(artifacts, account, epochSeconds(clock))
  const withCode = codeDevices.map(async ({ uid, clientId, address, approvedAt }) => ({
    uid,
    device: (await findClient(clientId))?.metadata.client_name ?? t('devices.goneApp'),
    detail: await said('devices.byCode', 'devices.byCode.from', approvedAt * 1000, address),
  }))
  const [sessions, usedSessions] = await Promise.all([
    listSessions(artifacts, account),
    lastUses.of(account.id, 'session'),
  ])
  const browsers = sessions.map(async ({ uid, signedInAt, address, userAgent, impersonated }) => ({
    uid,
    device: impersonated ? t('devices.support') : describeUserAgent(userAgent),
    detail: await said('devices.signedIn', 'devices.signedIn.from', signedInAt, address),
    lastActive: await lastActive(usedSessions.get(uid), { at: signedInAt, address }),
  }))
  const [signIns, usedSignIns] = await Promise.all([
    listApiSignIns(artifacts, account),
    lastUses.of(account.id, 'api'),
  ])
  const byApi = signIns.map(async ({ uid, signedInAt, lastActiveAt }) => ({
    uid,
    device: t('devices.api'),
    detail: t('devices.api.signedIn', { time: minuteOf(signedInAt) }),
    lastActive: await lastActive(usedSignIns.get(uid), { at: lastActiveAt }),
  }))
  return Promise.all([...browsers, ...withCode, ...byApi])
}
