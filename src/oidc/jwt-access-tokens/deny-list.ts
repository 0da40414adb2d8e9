import { epochSeconds } from '../../shared/clock.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { CLOCK_TOLERANCE } from '../client-authentication/assertions.ts'

/*
 * JWT access tokens that were revoked one by one. Nothing but the `jti` is kept, and that hashed, until the token has expired:
 * with its account or its Grant in the row, whatever ends those would take the row along.
 */
const MODEL = 'RevokedJwtAccessToken'

/** The artefact that says that a token was revoked. */
export const denialOf = (jti: string) => ({ model: MODEL, id: jti })

export async function isRevoked(artifacts: Pick<ArtifactStore, 'find'>, jti: string): Promise<boolean> {
  return (await artifacts.find(MODEL, jti)) !== undefined
}

export async function deny(
  artifacts: Pick<ArtifactStore, 'insert'>,
  { jti, exp }: { jti: string; exp: number },
): Promise<void> {
  const left = exp - epochSeconds(Date.now) + CLOCK_TOLERANCE
  if (left > 0) await artifacts.insert(MODEL, jti, {}, left)
}
