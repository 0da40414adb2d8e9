/** Looking up TXT records (RFC 1035 §3.3.14). */
import { Resolver } from 'node:dns/promises'

/** What DNS says of a name. `unanswered`: nothing, within the time, or that it cannot say. */
export type TxtAnswer = { values: readonly string[] } | 'none' | 'unanswered'

/** Looks up the TXT records of a name. Never throws. */
export type LookUpTxt = (name: string) => Promise<TxtAnswer>

/** Milliseconds that DNS has to answer. */
const PATIENCE = 2000

const NONE = new Set(['ENOTFOUND', 'ENODATA'])

/** @param servers addresses with ports; those of the machine unless given @param patience milliseconds */
export function createTxtLookup({
  servers,
  patience = PATIENCE,
}: {
  servers?: readonly string[]
  patience?: number
} = {}): LookUpTxt {
  return async (name) => {
    const resolver = new Resolver({ timeout: patience, tries: 1 })
    if (servers) resolver.setServers(servers)
    // Several servers would each have their time.
    const end = setTimeout(() => resolver.cancel(), patience)
    try {
      const records = await resolver.resolveTxt(name)
      return { values: records.map((parts) => parts.join('')) }
    } catch (error) {
      return NONE.has(String((error as { code?: unknown }).code)) ? 'none' : 'unanswered'
    } finally {
      clearTimeout(end)
    }
  }
}
