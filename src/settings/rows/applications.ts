import { isAllowableScheme, isPrivateHost } from '../../http/forms/allowed-redirects.ts'
import { t } from '../../shared/locales/texts.ts'
import { isScopeToken } from '../../shared/scope-token.ts'
import { line } from '../../shared/text.ts'
import { choice, every, text, words } from '../kinds.ts'
import { DAY, type Setting, seconds } from '../setting.ts'

/** Sessions and tokens of applications, and what applications may be. */
export const applicationRows = {
  session_ttl: {
    section: 'sessions',
    guards: true,
    label: 'How long a sign-in lasts without use',
    sentence:
      'A sign-in that is not used for so long is over; each use begins anew, up to three times that in all.',
    ...seconds(30 * DAY, 300),
  },
  access_token_ttl: {
    section: 'sessions',
    label: 'How long an access token is valid',
    sentence: 'Of tokens issued from now on; an API may have a time of its own.',
    ...seconds(3600, 60, 7 * DAY),
  },
  refresh_token_ttl: {
    section: 'sessions',
    label: 'How long a refresh token lasts without use',
    sentence:
      'A refresh token that is not used for so long is over; a chain of refreshes ends at three times that.',
    ...seconds(30 * DAY, 300),
  },
  sign_out_confirmation: {
    section: 'sessions',
    label: 'Asking before a sign-out',
    sentence:
      '`auto`: an app that sends people to `/logout` with an ID Token of their session (`id_token_hint`) signs them out without a question. `always`: they are asked all the same.',
    ...choice(['auto', 'always'], 'auto'),
  },
  pkce_default: {
    section: 'applications',
    label: 'PKCE of new confidential clients',
    sentence:
      'What a confidential client has to do that an administrator registers without saying: PKCE or a nonce (`auto`), or PKCE (`required`).',
    see: 'register-a-client.md#pkce-or-a-nonce',
    ...choice(['auto', 'required'], 'auto'),
  },
  app_launcher: {
    section: 'applications',
    label: 'List of apps on the account page',
    sentence:
      '`on`: people see the apps that they may use, each as a link to where it begins: its “Address that begins a sign-in”, or its home page. Apps that nobody has checked are not shown.',
    see: 'account.md#your-apps',
    ...choice(['off', 'on'], 'off'),
  },
  access_contact: {
    section: 'applications',
    guards: true,
    label: 'Whom to ask for access to an app',
    sentence:
      'What the page says to people whom an app is not for: an email address, a web address (https), or a few words. Empty: an administrator.',
    see: 'groups-and-roles.md#access-to-an-app',
    ...text(line(200), () => ''),
  },
  redirect_hosts: {
    section: 'applications',
    label: 'Hosts for redirect URIs by plain http',
    sentence:
      'Names or addresses inside your network that redirect URIs of plain http may lead to. Exact names, any port.',
    see: 'register-a-client.md#redirect-uris',
    ...words({
      problem: every(isPrivateHost, 'admin.settings.must.redirect_hosts'),
    }),
  },
  redirect_schemes: {
    section: 'applications',
    label: 'Schemes for redirect URIs',
    sentence: 'Schemes without a dot that redirect URIs may have.',
    ...words({
      problem: every(isAllowableScheme, 'admin.settings.must.redirect_schemes'),
    }),
  },
  dynamic_registration: {
    section: 'applications',
    label: 'Clients that register themselves',
    sentence:
      '`off`: only administrators register clients. `token`: also programs with an initial access token. `open`: every program.',
    see: 'dynamic-registration.md',
    ...choice(['off', 'token', 'open'], 'off'),
  },
  client_metadata_documents: {
    section: 'applications',
    label: 'Client metadata documents',
    sentence: '`on`: the https address of a client metadata document is a client ID (MCP).',
    see: 'dynamic-registration.md',
    ...choice(['off', 'on'], 'off'),
  },
  unverified_client_scopes: {
    section: 'applications',
    label: 'Scopes of clients that nobody has checked',
    sentence: 'Scopes of your APIs that clients may have which nobody has checked.',
    ...words({
      separator: / /,
      problem: (list) =>
        !list.every(isScopeToken)
          ? t('admin.settings.must.unverified_client_scopes')
          : list.some((scope) => scope.startsWith('admin:'))
            ? t('admin.settings.must.unverified_client_scopes.admin')
            : undefined,
    }),
  },
} as const satisfies Record<string, Setting>
