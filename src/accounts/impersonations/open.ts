import { type Impersonation, impersonationOf } from '../../shared/impersonation.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'

const MODEL = 'Impersonation'
/** In place of an account: no account has such an ID, so that nothing that ends with one ends these. */
const OWNER = 'impersonations'

/** What an artefact is stored under is taken out of its payload, which names the impersonation. */
const keyOf = (id: string): string => `ended:${id}`

/** An impersonation whose end is not recorded yet. */
export interface OpenImpersonation {
  accountId: string
  impersonation: Impersonation
  reason: string
  /** Seconds since the epoch. */
  startedAt: number
}

/**
 * The impersonations whose end is not recorded yet, one artefact each. Whatever ends one, and however many requests, jobs and processes
 * see it at once: who takes the artefact away records the end, and nobody else.
 */
export function createOpenImpersonations(
  artifacts: Pick<ArtifactStore, 'destroy' | 'listByAccount' | 'upsert'>,
) {
  const list = async (): Promise<OpenImpersonation[]> =>
    (await artifacts.listByAccount(MODEL, OWNER)).flatMap(({ payload }) => {
      const impersonation = impersonationOf(payload)
      const { person, reason, startedAt } = payload
      if (impersonation === undefined || typeof person !== 'string' || typeof startedAt !== 'number')
        return []
      return [{ accountId: person, impersonation, reason: String(reason), startedAt }]
    })
  return {
    /** Newest first. */
    list,
    add: ({ accountId: person, ...one }: OpenImpersonation): Promise<void> =>
      artifacts.upsert(MODEL, keyOf(one.impersonation.id), { ...one, accountId: OWNER, person }, undefined),
    /** Takes one away. Undefined: its end is recorded by another. */
    async take(id: string): Promise<OpenImpersonation | undefined> {
      const found = (await list()).find(({ impersonation }) => impersonation.id === id)
      return found !== undefined && (await artifacts.destroy(MODEL, keyOf(id))) ? found : undefined
    },
  }
}
