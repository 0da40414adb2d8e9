import type { ClientView } from '../../../clients/view.ts'
import { currentAuthority } from '../../../shared/administration/authority.ts'
import { t } from '../../../shared/locales/texts.ts'
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
      '': t('admin.clients.tab.overview'),
      '/connect': t('admin.clients.tab.connect'),
      '/secrets': hasSecrets(client) ? t('admin.clients.secrets') : undefined,
      // Both show people and events beside this client.
      '/access': currentAuthority().scope === undefined ? t('admin.clients.tab.access') : undefined,
      '/activity': currentAuthority().scope === undefined ? t('admin.clients.tab.activity') : undefined,
      '/edit': t('admin.clients.tab.settings'),
    } satisfies Record<ClientTab, string | undefined>,
    current,
  )
