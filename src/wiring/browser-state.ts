import { type BrowserState, createBrowserState } from '../accounts/pages/browser-state.ts'
import type { Http } from '../http/http.ts'
import type { Services } from '../services.ts'

/** What a browser remembers between the pages of accounts; whoever signs in or out elsewhere ends some of it. */
export const browserState = (
  { cookies, sealed }: Pick<Http, 'cookies' | 'sealed'>,
  { artifacts, clock }: Pick<Services, 'artifacts' | 'clock'>,
): BrowserState => createBrowserState({ cookies, sealed, artifacts, clock })
