import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto'
import type { ArtifactPayload } from './store.ts'

/*
 * A device code (RFC 8628) has two secrets, and whoever shows one of them needs the other: the device polls with
 * the device code, the person types the user code. Neither may lie in the database in clear, so each is sealed under
 * the other. A user code is short: sealing under it keeps a reader of the database busy for longer than a glance, no
 * more. What bounds the damage is its lifetime of minutes.
 */

interface UserCodePayload extends ArtifactPayload {
  userCode: string
}

export const isUserCodePayload = (payload: ArtifactPayload): payload is UserCodePayload =>
  typeof payload.userCode === 'string'

const keyFrom = (secret: string): Buffer => hash('sha256', `latchkey artifact seal\n${secret}`, 'buffer')

const seal = (secret: string, text: string): string => {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyFrom(secret), nonce)
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url')
}

const unseal = (secret: string, sealed: string): string => {
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', keyFrom(secret), bytes.subarray(0, 12))
  decipher.setAuthTag(bytes.subarray(-16))
  return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
}

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
