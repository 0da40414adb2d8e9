import type { ClientView } from '../../../clients/view.ts'
import { type Tab, tabsOf } from '../tabs.ts'

/** Whether a client authenticates by a secret. */
export const hasSecrets = ({ token_endpoint_auth_method: method }: ClientView): boolean =>
  /^client_secret/.test(method)

export type ClientTab = '' | '/connect' | '/secrets' | '/access' | '/activity' | '/edit'

/** The pages of a client. */
export const clientTabs = (client: ClientView, current: ClientTab): Tab[] =>
  tabsOf(
    `/admin/clients/${encodeURIComponent(client.client_id)}`,
    {
      '': 'Overview',
      '/connect': 'Connect',
      '/secrets': hasSecrets(client) ? 'Secrets' : undefined,
      '/access': 'Access',
      '/activity': 'Activity',
      '/edit': 'Settings',
    } satisfies Record<ClientTab, string | undefined>,
    current,
  )
