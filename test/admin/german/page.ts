import type { BrowserPage, FormValues } from '../../support/flow.ts'
import type { Latchkey } from '../../support/latchkey.ts'

/** What opens a page: an administrator who reads German, and the server. */
export interface Visit {
  latchkey: Latchkey
  open(path: string): Promise<BrowserPage>
  /** Opens the link whose words begin so. */
  follow(page: BrowserPage, beginning: string): Promise<BrowserPage>
  /** Sends the form of a page that is posted to `action`, without its query. */
  send(page: BrowserPage, action: string, values?: FormValues): Promise<BrowserPage>
}

/** A page, what it says in German, and its status. Its name begins with the areas of its texts, `hooks, definitions: one`. */
export type GermanPage = readonly [
  name: string,
  open: (visit: Visit) => Promise<BrowserPage>,
  said: string | RegExp,
  status?: number,
]
