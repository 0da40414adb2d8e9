import type { Secrets } from '../../shared/secrets.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import type { KeptAnswers } from './dependencies.ts'

/** The model of these artefacts. The store keeps their ids hashed, and sweeps away what has expired. */
const MODEL = 'AdministrationAnswer'

const contextOf = (id: string): string => `administration answer ${id}`

/** Answers that are given again under an `Idempotency-Key`, in the store of artefacts. */
export const keptAnswers = (
  artifacts: Pick<ArtifactStore, 'insert' | 'find' | 'upsert' | 'destroy'>,
  secrets: Pick<Secrets, 'seal' | 'open'>,
): KeptAnswers => ({
  claim: (id, kept, ttl) => artifacts.insert(MODEL, id, { ...kept }, ttl),
  async find(id) {
    const { request, answer } = (await artifacts.find(MODEL, id)) ?? {}
    if (typeof request !== 'string') return undefined
    return { request, ...(typeof answer === 'string' && { answer }) }
  },
  replace: (id, kept, ttl) => artifacts.upsert(MODEL, id, { ...kept }, ttl),
  drop: async (id) => void (await artifacts.destroy(MODEL, id)),
  seal: (text, id) => secrets.seal(text, contextOf(id)),
  open: (sealed, id) => secrets.open(sealed, contextOf(id)),
})
