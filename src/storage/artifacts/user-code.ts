import { seal, unseal } from './sealed.ts'
import type { ArtifactPayload } from './store.ts'

/*
 * A device code (RFC 8628) has two secrets, and a request that holds one of them needs the other: the device polls with
 * the device code, the person types the user code. Neither may lie in the database in clear, so each is sealed under
 * the other. A user code is short, and could be found by trying all of them: the protocol hands over a keyed hash of it
 * instead (src/oidc/device/codes.ts).
 */

interface UserCodePayload extends ArtifactPayload {
  userCode: string
}

export const isUserCodePayload = (payload: ArtifactPayload): payload is UserCodePayload =>
  typeof payload.userCode === 'string'

interface Sealed {
  id: string
  userCode: string
}

/** Replaces `userCode` by both secrets, each sealed under the other. */
export const sealUserCode = ({ userCode, ...payload }: UserCodePayload, id: string): ArtifactPayload => ({
  ...payload,
  sealed: { id: seal(userCode, id), userCode: seal(id, userCode) } satisfies Sealed,
})

/** For the holder of the device code. */
export const restoreUserCode = ({ sealed, ...payload }: ArtifactPayload, id: string): ArtifactPayload => ({
  ...payload,
  userCode: unseal(id, (sealed as Sealed).userCode),
})

/** For the holder of the user code. */
export const restoreByUserCode = (
  { sealed, ...payload }: ArtifactPayload,
  userCode: string,
): ArtifactPayload => ({
  ...payload,
  jti: unseal(userCode, (sealed as Sealed).id),
  userCode,
})
