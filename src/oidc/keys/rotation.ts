import type { Clock } from '../../shared/clock.ts'
import { isSigningAlgorithm } from '../../shared/signing-algorithms.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { SigningKeys } from './keys.ts'

const DAY = 86_400_000

/**
 * Rotates signing keys by age: a key that has signed for `days` gets a successor, which is published for an hour before
 * it takes over (keys.ts). Of several processes one does it.
 * @param deps.days gives the days now; 0: never
 * @returns a job, which gives how many keys it made
 */
export function createKeyRotation(deps: {
  keys: Pick<SigningKeys, 'list' | 'rotate'>
  artifacts: Pick<ArtifactStore, 'insert'>
  clock: Clock
  days: () => number
}) {
  const { keys, artifacts, clock } = deps
  return async (): Promise<number> => {
    const days = deps.days()
    if (days === 0) return 0
    const all = await keys.list()
    let made = 0
    for (const { alg, kid, state, activeFrom } of all) {
      if (!isSigningAlgorithm(alg) || state !== 'signing' || clock() - activeFrom < days * DAY) continue
      if (all.some((key) => key.alg === alg && key.state === 'pending')) continue
      // The first to say so does it; the others see the new key the next time.
      if (!(await artifacts.insert('KeyRotation', kid, {}, 86_400))) continue
      await keys.rotate({ alg })
      made++
    }
    return made
  }
}
