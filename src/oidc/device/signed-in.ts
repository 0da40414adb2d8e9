import { hashId } from '../../shared/id-hash.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { type Generation, generationOf } from '../sessions/generations.ts'
import { type GrantedDevice, holderOf } from './granted.ts'

/** A device that a person has signed in with a user code. */
export interface CodeDevice extends GrantedDevice {
  clientId: string
}

/** Seconds that a device counts as signed in after its approval, before it has a token, or where its tokens are not stored (JWT). */
const LATELY = 3600
const MODELS = ['RefreshToken', 'AccessToken', 'DeviceCode'] as const

type Artifacts = Pick<ArtifactStore, 'listByAccount' | 'destroy' | 'revokeByGrantId'>

/** The devices of an account that were signed in with a code, the newest first. */
export async function listCodeDevices(
  artifacts: Pick<Artifacts, 'listByAccount'>,
  account: { id: string } & Generation,
  now: number,
): Promise<CodeDevice[]> {
  const grants = (await artifacts.listByAccount('Grant', account.id)).flatMap(({ id, payload }) => {
    const { device, clientId } = payload as { device?: GrantedDevice; clientId?: string }
    const current = generationOf(payload) === account.generation
    return device && clientId !== undefined && current ? [{ grant: id, ...device, clientId }] : []
  })
  if (grants.length === 0) return []
  const tokens = await Promise.all(MODELS.map((model) => artifacts.listByAccount(model, account.id)))
  const live = new Set(tokens.flat().map(({ payload }) => hashId(String(payload.grantId))))
  return grants
    .filter(({ grant, approvedAt }) => live.has(grant) || approvedAt > now - LATELY)
    .map(({ grant: _grant, ...device }) => device)
}

/**
 * Ends devices that were signed in with a code, with everything that they got.
 * @param which a device by its uid, or those that were approved in a session
 * @returns those that were ended
 */
export async function endCodeDevices(
  deps: {
    artifacts: Artifacts
    grantId(accountId: string, clientId: string, holder: string, organization?: string): string
  },
  accountId: string,
  which: { uid: string } | { sessionUid: string },
): Promise<CodeDevice[]> {
  const grants = await deps.artifacts.listByAccount('Grant', accountId)
  const devices = grants.flatMap(({ payload }) => {
    const { device, clientId, organization } = payload as {
      device?: GrantedDevice
      clientId?: string
      organization?: string
    }
    const meant = 'uid' in which ? device?.uid === which.uid : device?.sessionUid === which.sessionUid
    return device && clientId !== undefined && meant ? [{ ...device, clientId, organization }] : []
  })
  for (const { uid, clientId, organization } of devices) {
    const id = deps.grantId(accountId, clientId, holderOf(uid), organization)
    await deps.artifacts.destroy('Grant', id)
    for (const model of MODELS) await deps.artifacts.revokeByGrantId(model, id)
  }
  return devices
}
