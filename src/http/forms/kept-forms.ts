import type { Kept } from './flash.ts'

/** The model of these artefacts. The store keeps their ids hashed, and sweeps away what has expired. */
const MODEL = 'KeptForm'

/** What this needs of the store of artefacts (src/storage/artifacts/store.ts). */
interface Artifacts {
  upsert(model: string, id: string, payload: Record<string, unknown>, ttl: number): Promise<void>
  find(model: string, id: string): Promise<Record<string, unknown> | undefined>
  consume(model: string, id: string): Promise<boolean>
}

/** Forms that are too large for a cookie, in the store of artefacts. Their text is sealed before it gets here. */
export const keptForms = (artifacts: Artifacts): Kept => ({
  put: (id, text, ttl) => artifacts.upsert(MODEL, id, { text }, ttl),
  async find(id) {
    const found = await artifacts.find(MODEL, id)
    return typeof found?.text === 'string' && found.consumed === undefined ? found.text : undefined
  },
  take: (id) => artifacts.consume(MODEL, id),
})
