import { hashId } from '../../shared/id-hash.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { FIRST_PARTY_ID } from '../tokens/first-party-client.ts'
import { type Generation, generationOf } from './generations.ts'

/** A sign-in by the JSON API: a family of first-party tokens. Times are milliseconds since the epoch. */
export interface ApiSignIn {
  /** Names it in lists: a hash of the id of its Grant. */
  uid: string
  signedInAt: number
  /** When its tokens were renewed last. */
  lastActiveAt: number
}

type Artifacts = Pick<ArtifactStore, 'listByAccount'>

async function families(artifacts: Artifacts, account: { id: string } & Generation) {
  const [grants, tokens] = await Promise.all([
    artifacts.listByAccount('Grant', account.id),
    artifacts.listByAccount('RefreshToken', account.id),
  ])
  const live = new Set(
    grants
      .filter(
        ({ payload }) => payload.clientId === FIRST_PARTY_ID && generationOf(payload) === account.generation,
      )
      .map(({ id }) => id),
  )
  const found = new Map<string, ApiSignIn & { grantId: string }>()
  for (const { payload } of tokens) {
    const {
      grantId,
      iat = 0,
      authTime = iat,
    } = payload as { grantId?: string; iat?: number; authTime?: number }
    const uid = hashId(String(grantId))
    if (grantId === undefined || !live.has(uid)) continue
    const lastActiveAt = Math.max(found.get(uid)?.lastActiveAt ?? 0, iat * 1000)
    found.set(uid, { uid, grantId, signedInAt: authTime * 1000, lastActiveAt })
  }
  return [...found.values()]
}

/** The sign-ins of an account by the JSON API that are good now, the one that was used last first. */
export async function listApiSignIns(
  artifacts: Artifacts,
  account: { id: string } & Generation,
): Promise<ApiSignIn[]> {
  const found = await families(artifacts, account)
  return found
    .map(({ grantId: _secret, ...signIn }) => signIn)
    .toSorted((a, b) => b.lastActiveAt - a.lastActiveAt)
}

/** Ends one, with every token of it. False: the account has none of this uid. */
export async function endApiSignIn(
  artifacts: Artifacts & Pick<ArtifactStore, 'destroy' | 'revokeByGrantId'>,
  account: { id: string } & Generation,
  uid: string,
): Promise<boolean> {
  const grantId = (await families(artifacts, account)).find((each) => each.uid === uid)?.grantId
  if (grantId === undefined) return false
  await artifacts.destroy('Grant', grantId)
  for (const model of ['RefreshToken', 'AccessToken']) await artifacts.revokeByGrantId(model, grantId)
  return true
}
