import { DEVICE_CODE_GRANT } from '../../shared/device-code.ts'
import {
  described,
  detailed,
  failed,
  filled,
  identityOf,
  listed,
  nameOf,
  quoted,
  type Rule,
  yes,
} from '../rejection.ts'

/** What goes wrong at the token endpoint, beside client authentication and PKCE. */
export const grantRules: readonly Rule[] = [
  {
    name: 'grant_type_unsupported',
    fits: failed('unsupported_grant_type'),
    title: 'A grant that is not offered',
    mistake: filled(
      `{password, select, yes {The app asked for tokens with a person’s password. That grant is not offered: people type their password here only (RFC 9700 §2.4).} other {The app asked with grant_type={grant}. Offered are authorization_code, refresh_token, client_credentials and ${DEVICE_CODE_GRANT}.}}`,
      ({ details }) => ({
        password: yes(details.grant_type === 'password'),
        grant: details.grant_type ?? '',
      }),
    ),
    inApp: filled(
      '{password, select, yes {Sign people in with the authorization code flow. A script of your own uses client_credentials.} other {Use one of these.}}',
      ({ details }) => ({ password: yes(details.grant_type === 'password') }),
    ),
  },
  {
    name: 'grant_type_not_registered',
    fits: described('requested grant type is not allowed for this client'),
    title: 'A grant that the client may not use',
    mistake: filled(
      '{client} asked with grant_type={grant_type}, but is registered for {grant_types}.',
      (rejection) => ({
        client: nameOf(rejection),
        grant_type: rejection.details.grant_type ?? '',
        grant_types: listed(rejection.details.registered?.grant_types ?? []),
      }),
    ),
    inApp: filled(
      '{refresh, select, yes {Do not refresh; or have the grant added.} other {Use a grant that is registered, or have this one added.}}',
      ({ details }) => ({ refresh: yes(details.grant_type === 'refresh_token') }),
    ),
    here: filled(
      'Edit the client and add the grant {grant_type}, if it may act that way.',
      ({ details }) => ({ grant_type: quoted(details.grant_type) }),
    ),
  },
  {
    name: 'code_redirect_uri',
    fits: detailed('authorization code redirect_uri mismatch'),
    title: 'Another redirect URI than in the sign-in request',
    mistake: filled(
      'The token request has {redirect_uri}; the sign-in was started with {code}. They have to be the same (RFC 6749 §4.1.3).',
      ({ details }) => ({
        redirect_uri: quoted(details.redirect_uri),
        code: quoted(details.code?.redirect_uri ?? details.closest),
      }),
    ),
    inApp:
      'Send the same redirect URI twice: make it once, from the settings of the app, not from the request that just came in.',
  },
  {
    name: 'code_of_another_client',
    fits: (rejection) =>
      detailed('client mismatch')(rejection) && rejection.details.grant_type === 'authorization_code',
    title: 'A code that another client got',
    mistake: filled(
      'The code was given to another client than {client}. The sign-in request and the token request have two client IDs.',
      (rejection) => ({ client: identityOf(rejection) }),
    ),
    inApp: 'Use one client_id in both.',
    here: 'Nothing. If no app of yours does this, somebody tried a code that is not theirs; it was of no use to them.',
  },
  {
    name: 'code_used',
    fits: (rejection) =>
      detailed(/^authorization code already consumed$/)(rejection) ||
      (detailed('already used')(rejection) && rejection.details.grant_type === 'authorization_code'),
    title: 'A code used twice',
    mistake:
      'Each code can be exchanged once. Usually the callback page was loaded twice (reload, a double effect of a front end in development, a link scanner), or a retry sent the same request again. Everything that the first exchange gave has been revoked.',
    inApp: 'Exchange the code once, and send the browser on to a page without the code at once.',
  },
  {
    name: 'code_gone',
    fits: detailed(/^authorization code (not found|is expired)$/),
    title: 'A code that is over',
    mistake:
      'The code is not known any more. A code is good for 60 seconds and one exchange: the app came too late, tried twice, cut or decoded the code wrongly, or took a code of another server.',
    inApp: 'Exchange the code in the moment in which it arrives, exactly as it stood in the address.',
  },
  {
    name: 'grant_gone',
    fits: detailed(/^grant (not found|is expired)$|referenced account not found|accountId mismatch/),
    title: 'The access has ended',
    mistake:
      'What the person allowed is over: they signed out or withdrew it, changed their password, or the account was disabled or deleted; or an older token of this chain was used twice; or the client is no longer first-party, and the person was never asked.',
    inApp: 'Send the person to sign in again.',
  },
  {
    name: 'refresh_token_used',
    fits: (rejection) =>
      detailed(/^refresh token already used$/)(rejection) ||
      (detailed('already used')(rejection) && rejection.details.grant_type === 'refresh_token'),
    title: 'An old refresh token',
    mistake:
      'Each refresh gives a new refresh token and ends the old one; this one had been used before. The app does not store the new one, or two of its processes refresh at once. Because it may have been stolen, the whole chain has been ended.',
    inApp:
      'Store the refresh_token of every answer, and let one process refresh at a time. The person signs in again.',
  },
  {
    name: 'refresh_token_of_another_client',
    fits: (rejection) => detailed('client mismatch')(rejection),
    title: 'A token that another client got',
    mistake: filled('The refresh token was given to another client than {client}.', (rejection) => ({
      client: identityOf(rejection),
    })),
    inApp: 'Use one client_id for the sign-in and for refreshing.',
    here: 'Nothing. If no app of yours does this, somebody tried a token that is not theirs; it was of no use to them.',
  },
  {
    name: 'refresh_token_gone',
    fits: detailed(/^refresh token (not found|is expired)$/),
    title: 'A refresh token that is over',
    mistake:
      'The refresh token is not known any more: not used for too long, the person signed out or withdrew the access, the client was disabled once, or it is from another server.',
    inApp:
      'Send the person to sign in again. If this is frequent, see whether the app stores the refresh_token of every answer.',
  },
  {
    name: 'grant_other',
    fits: failed('invalid_grant'),
    title: 'The grant was refused',
    mistake: filled('The server says: {said}.', ({ details }) => ({ said: quoted(details.detail) })),
    inApp: 'Start the sign-in again.',
  },
]
