import type { KeyObject } from 'node:crypto'
import { impersonationOf } from '../../shared/impersonation.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { grantIdsUnder } from '../consent/grants.ts'
import { endCodeDevices } from '../device/signed-in.ts'
import { endApiSignIn } from './api-sign-ins.ts'
import type { SessionEndedEvent } from './audited.ts'
import type { Generation } from './generations.ts'
import type { ImpersonationEnded } from './impersonations.ts'

export interface DeviceEndedEvent {
  type: 'device.ended'
  client_id: string
  accountId: string
}

/** Who ends a device. */
export interface DeviceEndedBy {
  /** The device is the browser that asks. */
  own: boolean
  /** An administrator, and not the person whose it is. */
  administrator?: true
}

/**
 * Ends one signed-in device of an account: a browser's session, a device that was signed in with a code, or a sign-in by the JSON API. With a browser
 * that is not the one that asks end the devices whose codes were approved in it: it may have been an attacker's.
 * @param deps.grantKey 32 bytes, that of the ids of Grants
 */
export function createEndDevice(deps: {
  artifacts: Pick<ArtifactStore, 'findByUid' | 'revokeSession'> &
    Parameters<typeof endCodeDevices>[0]['artifacts']
  grantKey: KeyObject
  findAccount(id: string): Promise<({ id: string } & Generation) | undefined>
  events(event: SessionEndedEvent | DeviceEndedEvent): void
  impersonationEnded: ImpersonationEnded
}) {
  const { artifacts, events } = deps
  const grantId = grantIdsUnder(deps.grantKey)
  return async (accountId: string, uid: string, by: DeviceEndedBy): Promise<void> => {
    const session = await artifacts.findByUid('Session', uid)
    await artifacts.revokeSession(accountId, uid)
    const impersonation = session?.accountId === accountId ? impersonationOf(session) : undefined
    if (impersonation)
      await deps.impersonationEnded(impersonation.id, by.administrator ? 'administrator' : 'device')
    if (session?.accountId === accountId) events({ type: 'session.ended', accountId, reason: 'device' })
    const account = by.own ? undefined : await deps.findAccount(accountId)
    if (account && (await endApiSignIn(artifacts, account, uid)))
      events({ type: 'session.ended', accountId, reason: 'api' })
    for (const which of by.own ? [] : [{ uid }, { sessionUid: uid }])
      for (const { clientId } of await endCodeDevices({ artifacts, grantId }, accountId, which))
        events({ type: 'device.ended', client_id: clientId, accountId })
  }
}
