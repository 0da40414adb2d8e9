import { isApiCredential } from '../../shared/api-credential-id.ts'
import { minuteOf } from '../../shared/moment.ts'
import { methodInWords } from '../methods.ts'
import {
  type Case,
  described,
  detailed,
  filled,
  identityOf,
  idsOf,
  listedClients,
  nameOf,
  quoted,
  type Rule,
  yes,
} from '../rejection.ts'

/** The authorization endpoint says it in words, the others in the detail: client not found. */
const notFound = (rejection: Case): boolean =>
  rejection.error === 'invalid_client' && detailed('client not found')(rejection)

const wrongSecret = detailed('invalid secret provided')
const claimed = ({ details }: Case) => details.claimed_client_id ?? ''
const when = (seconds: number | undefined) => ({
  known: yes(seconds !== undefined),
  at: minuteOf((seconds ?? 0) * 1000),
})

export const clientRules: readonly Rule[] = [
  {
    name: 'client_disabled',
    fits: (rejection) => notFound(rejection) && rejection.details.client === 'disabled',
    title: 'The client is disabled',
    mistake: filled(
      '{client} is registered, but an administrator has disabled it. To apps it looks as if it did not exist.',
      (rejection) => ({ client: nameOf(rejection) }),
    ),
    inApp: 'Nothing.',
    here: filled(
      '{enabled, select, yes {Nothing: it has been enabled since.} other {Enable the client if it may be used again.}}',
      ({ client }) => ({ enabled: yes(client?.disabled === false) }),
    ),
  },
  {
    name: 'client_id_is_secret',
    fits: (rejection) => notFound(rejection) && claimed(rejection).startsWith('…'),
    title: 'A secret in the place of the client_id',
    mistake:
      'What was sent as client_id looks like a client secret or token; it is struck out here. Probably the two are exchanged in the settings of the app.',
    inApp: 'Put the client_id (lk_…) and the client secret into the right settings.',
    here: 'A secret that was sent in an address may be in logs and browser histories: rotate it.',
  },
  {
    name: 'client_id_padded',
    fits: (rejection) =>
      notFound(rejection) &&
      rejection.similar.some(
        ({ client_id: id }) => claimed(rejection) !== id && claimed(rejection).includes(id),
      ),
    title: 'Something around the client_id',
    mistake: filled(
      'The app sent {claimed}. Without what is before or after it, it would be the ID of {clients}.',
      (rejection) => ({ claimed: quoted(claimed(rejection)), clients: listedClients(rejection.similar) }),
    ),
    inApp: filled('Remove quotes, spaces or line ends around it: {clients}.', ({ similar }) => ({
      clients: idsOf(similar),
    })),
  },
  {
    name: 'client_id_is_name',
    fits: (rejection) =>
      notFound(rejection) &&
      rejection.similar.some(
        ({ client_name: name }) => name.toLowerCase() === claimed(rejection).trim().toLowerCase(),
      ),
    title: 'The name in the place of the client_id',
    mistake: filled('The app sent {claimed}, which is the name of a client, not its ID.', (rejection) => ({
      claimed: quoted(claimed(rejection)),
    })),
    inApp: filled('Send its client_id: {clients}.', ({ similar }) => ({ clients: idsOf(similar) })),
  },
  {
    name: 'client_id_similar',
    fits: (rejection) => notFound(rejection) && rejection.similar.length > 0,
    title: 'The client_id is not quite right',
    mistake: filled(
      'There is no client {claimed}, but {clients} is called almost so. Probably something was lost while copying.',
      (rejection) => ({ claimed: quoted(claimed(rejection)), clients: listedClients(rejection.similar) }),
    ),
    inApp: filled('Copy the client_id again: {clients}.', ({ similar }) => ({ clients: idsOf(similar) })),
  },
  {
    name: 'api_credential_unknown',
    fits: (rejection) => notFound(rejection) && isApiCredential(claimed(rejection)),
    title: 'The credential of an API was removed',
    mistake: filled(
      '{claimed} has the form of a credential with which an API introspects tokens. There is none with this ID (any more).',
      (rejection) => ({ claimed: quoted(claimed(rejection)) }),
    ),
    inApp: 'Put the client ID and the secret of a credential of the API into its settings.',
    here: 'Make a new credential on the page of the API: its secret is shown once.',
  },
  {
    name: 'client_unknown',
    fits: notFound,
    title: 'There is no such client',
    mistake: filled(
      'No client is registered as {claimed}. It was deleted, belongs to another server (test for production), or was never registered here.',
      (rejection) => ({ claimed: quoted(claimed(rejection)) }),
    ),
    inApp: 'Check the client_id, and that the app talks to the right server.',
    here: 'Register the app if it is new.',
  },
  {
    name: 'client_id_missing',
    fits: described(
      /no client authentication mechanism provided|missing required parameters?.*\bclient_id\b/,
    ),
    title: 'No client_id',
    mistake: 'The request does not say which client it is from.',
    inApp: 'Send client_id, or for a client with a secret, the Authorization header.',
  },
  {
    name: 'api_credential_elsewhere',
    fits: described('the credentials of an API introspect tokens, and do nothing else'),
    title: 'The credential of an API in the place of a client',
    mistake: filled(
      '{known, select, yes {{claimed}} other {“The client_id”}} is a credential with which an API introspects tokens. It gets no tokens, starts no sign-in and revokes nothing.',
      (rejection) => ({ known: yes(claimed(rejection) !== ''), claimed: quoted(claimed(rejection)) }),
    ),
    inApp:
      'Use the client_id of the app. The credential of the API belongs into the settings of the API, for introspection.',
    here: 'Register the app as a client if it is new.',
  },
  {
    name: 'client_method',
    fits: detailed(
      'the provided authentication mechanism does not match the registered client authentication method',
    ),
    title: 'Another way to authenticate than the registered one',
    mistake: filled(
      '{nothing, select, yes {{client} is registered to show {method}, but the request brought only a client_id. Often the secret is missing in the settings of the app.} other {{client} is registered to show {method}; the app sent {sent}.}}',
      (rejection) => ({
        client: nameOf(rejection),
        nothing: yes(rejection.details.authentication === 'none'),
        method: methodInWords(rejection.details.registered?.auth_method),
        sent: methodInWords(rejection.details.authentication),
      }),
    ),
    inApp: filled(
      '{open, select, yes {Send no secret: set the authentication method of the app’s library to “none”.} other {Set the authentication method of the app’s library to {method}, and give it what it needs.}}',
      ({ details }) => ({
        open: yes(details.registered?.auth_method === 'none'),
        method: quoted(details.registered?.auth_method),
      }),
    ),
    here: 'Or edit the client and choose the method that the app uses. A browser or native app cannot keep a secret, and stays with “none”.',
  },
  {
    name: 'api_credential_wrong',
    fits: (rejection) => wrongSecret(rejection) && rejection.details.api !== undefined,
    title: 'Wrong secret of an API',
    mistake: filled(
      '{clientId} is a credential of the API {api}, but its secret is another.',
      ({ details, clientId }) => ({
        clientId: quoted(clientId ?? details.claimed_client_id),
        api: quoted(details.api),
      }),
    ),
    inApp:
      'Check the secret in the settings of the API. Client ID and secret belong together: each credential has its own.',
    here: 'If nobody has the secret any more, create a new credential on the page of the API and remove this one.',
  },
  {
    name: 'secret_expired',
    fits: (rejection) => wrongSecret(rejection) && rejection.details.secret === 'expired',
    title: 'The secret has expired',
    mistake: filled(
      '{client} was given a new secret, and the one that it still sends ended {known, select, yes {on {at}} other {a while ago}}.',
      (rejection) => ({ client: nameOf(rejection), ...when(rejection.details.secret_expired_at) }),
    ),
    inApp: 'Put the new secret into the settings of the app, and restart it.',
    here: 'If nobody has the new secret any more, rotate it once more: it is shown once.',
  },
  {
    name: 'secret_of_another_client',
    fits: (rejection) => wrongSecret(rejection) && rejection.details.secret === 'of_another_client',
    title: 'The secret of another client',
    mistake: filled(
      'The app says that it is {client}, but its secret is that of {secret_of}. ID and secret are from two apps or environments.',
      (rejection) => ({ client: identityOf(rejection), secret_of: rejection.details.secret_of ?? '' }),
    ),
    inApp: 'Take the client_id and the secret of one and the same client.',
  },
  {
    name: 'secret_padded',
    fits: (rejection) => wrongSecret(rejection) && rejection.details.secret === 'padded',
    title: 'Something around the secret',
    mistake:
      'The secret is right, but for a space, a line end or quotes around it. Files and environment variables often bring them along.',
    inApp: 'Remove what is around the secret. A file is best written with: printf %s "$SECRET" > file',
  },
  {
    name: 'secret_none_valid',
    fits: (rejection) => wrongSecret(rejection) && rejection.details.secret === 'none_valid',
    title: 'The client has no valid secret',
    mistake: filled('Every secret of {client} has expired.', (rejection) => ({ client: nameOf(rejection) })),
    inApp: 'Put the new secret into the settings of the app.',
    here: 'Rotate the secret: the new one is shown once.',
  },
  {
    name: 'secret_wrong',
    fits: wrongSecret,
    title: 'Wrong secret',
    mistake: filled(
      'The secret is none of those of {client}. It was copied incompletely, replaced without a time of overlap, or is from another server.',
      (rejection) => ({ client: nameOf(rejection) }),
    ),
    inApp:
      'Check the secret in the settings of the app. In the Authorization header, id and secret are percent-encoded before Base64 (RFC 6749 §2.3.1).',
    here: 'If nobody has the secret any more, rotate it: the new one is shown once.',
  },
  {
    name: 'client_two_ways',
    fits: described('client authentication must only be provided using one mechanism'),
    title: 'Two ways to authenticate at once',
    mistake:
      'The request has an Authorization header and a secret or assertion in its body. Only one may be there (RFC 6749 §2.3).',
    inApp: filled(
      'Use one of them{known, select, yes {: {method}} other {}}. Some HTTP libraries add the header by themselves from a URL or a netrc file.',
      ({ details }) => ({
        known: yes(!!details.registered?.auth_method),
        method: details.registered?.auth_method ?? '',
      }),
    ),
  },
  {
    name: 'client_id_mismatch',
    fits: described('client_id mismatch'),
    title: 'Two different client IDs',
    mistake: 'The client_id of the body is not the one of the Authorization header or of the assertion.',
    inApp: 'Send one client_id: leave it out of the body when the header has it.',
  },
  {
    name: 'secret_empty',
    fits: described('client_secret must be provided in the Authorization header'),
    title: 'The client sent an empty secret',
    mistake: filled(
      '{claimed_client_id} sent a Basic header with nothing behind the colon. A client that has a secret shows it; only a public client has none. Usually the setting or environment variable with the secret is empty.',
      ({ details }) => ({ claimed_client_id: quoted(details.claimed_client_id) }),
    ),
    inApp: 'Set the client secret, and restart the app if it reads it once.',
    here: 'If the app cannot keep a secret, make the client public.',
  },
  {
    name: 'basic_malformed',
    fits: described(/^invalid authorization header value format|not properly encoded/),
    title: 'The Authorization header cannot be read',
    mistake:
      'It should be “Basic”, a space, and the Base64 of client_id:client_secret, each percent-encoded before (RFC 6749 §2.3.1).',
    inApp: 'Let the OAuth library make the header. By curl: --user "$CLIENT_ID:$CLIENT_SECRET".',
  },
  {
    name: 'client_metadata',
    fits: ({ error }) => error === 'invalid_client_metadata',
    title: 'The registration of the client cannot be used',
    mistake: 'The server cannot work with what is registered for this client.',
    inApp: 'Nothing.',
    here: filled(
      'Open the client and save it again; problems are then shown at their field. The server says: {said}.',
      ({ description }) => ({ said: quoted(description ?? undefined) }),
    ),
  },
]
