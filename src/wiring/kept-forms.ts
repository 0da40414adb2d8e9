import type { Kept } from '../http/forms/flash.ts'
import type { Services } from '../services.ts'

/** In the artefact store, which keeps ids hashed and sweeps away what has expired. The text is sealed before it gets here. */
const MODEL = 'KeptForm'

export const keptForms = ({ artifacts }: Services): Kept => ({
  put: (id, text, ttl) => artifacts.upsert(MODEL, id, { text }, ttl),
  async find(id) {
    const found = await artifacts.find(MODEL, id)
    return typeof found?.text === 'string' && found.consumed === undefined ? found.text : undefined
  },
  take: (id) => artifacts.consume(MODEL, id),
})
