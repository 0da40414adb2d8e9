import { isLoopbackHost } from '../../shared/loopback.ts'
import { fixKind } from '../redirect-fix.ts'
import {
  type Case,
  filled,
  identityOf,
  idsOf,
  listed,
  listedClients,
  nameOf,
  quoted,
  type Rule,
  yes,
} from '../rejection.ts'
import { nearest } from './nearest.ts'

/** RFC 9700 §2.1: redirect URIs are compared character by character. */
const isMismatch = ({ details, error, description }: Case): boolean =>
  details.redirect_uri !== undefined &&
  details.registered?.redirect_uris !== undefined &&
  !details.registered.redirect_uris.includes(details.redirect_uri) &&
  (error === 'invalid_redirect_uri' || /^redirect_uri did not match/.test(description ?? ''))

interface Pair {
  sent: URL
  registered: URL
}

/** The URI that was sent and the nearest registered one, when both can be read. */
function pairOf({ details }: Case): Pair | undefined {
  const [sent, registered] = [URL.parse(details.redirect_uri ?? ''), URL.parse(details.closest ?? '')]
  return sent && registered ? { sent, registered } : undefined
}

const differing =
  (differs: (pair: Pair, rejection: Case) => boolean) =>
  (rejection: Case): boolean => {
    const pair = isMismatch(rejection) ? pairOf(rejection) : undefined
    return pair !== undefined && differs(pair, rejection)
  }

/** So near to a registered one that no other client was meant. */
const isAlmostRight = ({ details }: Case) =>
  ['trailing_slash', 'path_case'].includes(fixKind(details.redirect_uri ?? '', details.closest ?? '') ?? '')

/** Whether a letter or two were written wrong. Numbers are meant as they are: /v1 is no slip of /v2. */
const isSlip = (sent: string, registered: string): boolean =>
  sent.replace(/\d/g, '') !== registered.replace(/\d/g, '') && nearest(sent, [registered]) !== undefined

const sameHost = ({ sent, registered }: Pair) => sent.hostname === registered.hostname
const withoutSlash = (path: string) => path.replace(/\/$/, '')
const bothOf = ({ details }: Case) => ({
  sent: quoted(details.redirect_uri),
  registered: quoted(details.closest),
})
/** The two, and what differs. */
const both = (differs: string) =>
  filled(`The app sent {sent}; registered is {registered}.${differs && ` ${differs}`}`, bothOf)
const sendRegistered = filled(
  'Send exactly {registered} as the redirect URI, in the sign-in request and again at the token endpoint.',
  bothOf,
)
const orRegister = 'If the app is right, register the URI that it sends.'

export const redirectUriRules: readonly Rule[] = [
  {
    name: 'redirect_uri_user_name',
    fits: differing(({ sent }) => sent.username !== '' || sent.password !== ''),
    title: 'A user name in the redirect URI',
    mistake: filled(
      'Before the host of {redirect_uri} stands a user name (…@). Apps do not do this; it is a way to make an address look like another.',
      ({ details }) => ({ redirect_uri: quoted(details.redirect_uri) }),
    ),
    inApp: sendRegistered,
    here: 'Nothing. If no app of yours sends this, somebody tries what they can.',
  },
  {
    name: 'redirect_uri_masked',
    fits: (rejection) => isMismatch(rejection) && rejection.details.masked === true,
    title: 'The redirect URI holds a code or token',
    mistake:
      'The app sends its current address as the redirect URI, with the parameters of an earlier answer still in it. They are struck out here.',
    inApp: 'Send a fixed redirect URI, without the parameters that came back with an earlier sign-in.',
  },
  {
    name: 'redirect_uri_of_another_client',
    fits: (rejection) => isMismatch(rejection) && rejection.owners.length > 0 && !isAlmostRight(rejection),
    title: 'The redirect URI belongs to another client',
    mistake: filled(
      'This redirect URI is registered for {clients}, but the app said that it is {client}. Probably its client_id is that of another app or environment.',
      (rejection) => ({ clients: listedClients(rejection.owners), client: identityOf(rejection) }),
    ),
    inApp: filled(
      'Set the client_id (and secret) of the app to those of the client it is: {clients}.',
      ({ owners }) => ({ clients: idsOf(owners) }),
    ),
  },
  {
    name: 'redirect_uri_none_registered',
    fits: (rejection) => isMismatch(rejection) && rejection.details.registered?.redirect_uris?.length === 0,
    title: 'The client has no redirect URI',
    mistake: filled(
      '{client} is registered without any redirect URI, so nobody can sign in with it.',
      (rejection) => ({ client: nameOf(rejection) }),
    ),
    inApp: 'Nothing, if its redirect URI is right.',
    here: 'Add the redirect URI to the client, with the grant authorization_code.',
  },
  {
    name: 'redirect_uri_scheme',
    fits: differing(
      ({ sent, registered }) => sent.protocol !== registered.protocol && !/^https?:$/.test(sent.protocol),
    ),
    title: 'Another scheme',
    mistake: both('The schemes differ.'),
    inApp: sendRegistered,
    here: orRegister,
  },
  {
    name: 'redirect_uri_loopback_host',
    fits: differing(
      (pair) =>
        !sameHost(pair) && isLoopbackHost(pair.sent.hostname) && isLoopbackHost(pair.registered.hostname),
    ),
    title: 'Another name of the same machine',
    mistake: both('Both are this machine, but they are two hosts.'),
    inApp: sendRegistered,
    here: orRegister,
  },
  {
    name: 'redirect_uri_development',
    fits: differing((pair) => !sameHost(pair) && isLoopbackHost(pair.sent.hostname)),
    title: 'An app on a developer’s machine',
    mistake: both('Somebody runs the app on their own machine, with the client of another place.'),
    inApp: 'Use a client of its own for development, with http://localhost:… as its redirect URI.',
  },
  {
    name: 'redirect_uri_host_typo',
    fits: differing(
      ({ sent, registered }) =>
        sent.pathname === registered.pathname && isSlip(sent.hostname, registered.hostname),
    ),
    title: 'Looks like a typo in the host',
    mistake: both('The hosts differ by a letter or two.'),
    inApp: sendRegistered,
    here: 'Nothing. Who controls a host that only looks like yours would get the codes.',
  },
  {
    name: 'redirect_uri_host',
    fits: differing((pair) => !sameHost(pair)),
    title: 'Another host',
    mistake: both(
      'The hosts differ: the app runs under a new name, or the client_id is that of another app or environment.',
    ),
    inApp: 'Check the client_id and the public address of the app.',
    here: 'If the app is reached by this name too, edit the client and add the redirect URI there. Be sure whose host it is: who controls it gets the codes.',
  },
  {
    name: 'redirect_uri_http_for_https',
    fits: differing(({ sent, registered }) => sent.protocol === 'http:' && registered.protocol === 'https:'),
    title: 'http instead of https',
    mistake: filled(
      'The app sent {redirect_uri}, with http. Often it stands behind a proxy that ends TLS, and does not know that people reach it by https.',
      ({ details }) => ({ redirect_uri: quoted(details.redirect_uri) }),
    ),
    inApp: filled(
      'Set the app’s public address to https ({closest}), or let it trust X-Forwarded-Proto of its proxy.',
      ({ details }) => ({ closest: quoted(details.closest) }),
    ),
    here: 'Nothing: a redirect URI with http would send the code over the network in clear.',
  },
  {
    name: 'redirect_uri_https_for_http',
    fits: differing(({ sent, registered }) => sent.protocol !== registered.protocol),
    title: 'https instead of http',
    mistake: both(''),
    inApp: sendRegistered,
    here: orRegister,
  },
  {
    name: 'redirect_uri_default_port',
    fits: differing(
      ({ sent, registered }, { details }) =>
        sent.href === registered.href && /:(80|443)(\/|\?|$)/.test(details.redirect_uri ?? ''),
    ),
    title: 'The default port is written out',
    mistake: both('They mean the same, but redirect URIs are compared character by character.'),
    inApp: filled('Leave the port out: {closest}.', ({ details }) => ({ closest: quoted(details.closest) })),
    here: 'Nothing: a URI with its default port cannot be registered, because browsers leave it out.',
  },
  {
    name: 'redirect_uri_port',
    fits: differing(({ sent, registered }) => sent.port !== registered.port),
    title: 'Another port',
    mistake: filled(
      'The app sent {redirect_uri}; registered is {closest}. The app was started on another port, or does not know the address that people reach it by.',
      ({ details }) => ({ redirect_uri: quoted(details.redirect_uri), closest: quoted(details.closest) }),
    ),
    inApp: sendRegistered,
    here: orRegister,
  },
  {
    name: 'redirect_uri_trailing_slash',
    fits: differing(
      ({ sent, registered }, { details }) =>
        sent.search === registered.search &&
        withoutSlash(sent.pathname) === withoutSlash(registered.pathname) &&
        withoutSlash(details.redirect_uri ?? '') === withoutSlash(details.closest ?? ''),
    ),
    title: filled(
      '{extra, select, yes {Extra trailing slash} other {The trailing slash is missing}}',
      ({ details }) => ({ extra: yes((details.redirect_uri ?? '').endsWith('/')) }),
    ),
    mistake: both(
      'They differ only by the slash at the end, and redirect URIs are compared character by character.',
    ),
    inApp: sendRegistered,
    here: orRegister,
  },
  {
    name: 'redirect_uri_case',
    fits: differing(
      (_, { details }) => details.redirect_uri?.toLowerCase() === details.closest?.toLowerCase(),
    ),
    title: 'Capital and small letters',
    mistake: both('They differ only in capital and small letters.'),
    inApp: sendRegistered,
    here: orRegister,
  },
  {
    name: 'redirect_uri_fragment',
    fits: differing(({ sent }) => sent.hash !== ''),
    title: 'A # in the redirect URI',
    mistake: filled(
      '{redirect_uri} has a part after #. A redirect URI must not have one (RFC 6749 §3.1.2).',
      ({ details }) => ({ redirect_uri: quoted(details.redirect_uri) }),
    ),
    inApp:
      'Send the redirect URI without its # part. A single-page app that routes by # needs a path for the answer.',
  },
  {
    name: 'redirect_uri_query',
    fits: differing(
      ({ sent, registered }) => sent.pathname === registered.pathname && sent.search !== registered.search,
    ),
    title: 'Another query',
    mistake: both('What stands after the ? differs. Often an app adds where to go on after the sign-in.'),
    inApp:
      'Put what changes from one sign-in to the next into the state parameter, and keep the redirect URI fixed.',
    here: 'If these parameters never change, register the URI with them.',
  },
  {
    name: 'redirect_uri_typo',
    fits: differing(({ sent, registered }) => isSlip(sent.pathname, registered.pathname)),
    title: 'Looks like a typo',
    mistake: both('The paths differ by a letter or two.'),
    inApp: sendRegistered,
    here: 'Nothing, unless the app really has a page at the path that it sent.',
  },
  {
    name: 'redirect_uri_path',
    fits: differing(({ sent, registered }) => sent.pathname !== registered.pathname),
    title: 'Another path',
    mistake: both('The app expects the answer at another path.'),
    inApp: sendRegistered,
    here: orRegister,
  },
  {
    name: 'redirect_uri_spelling',
    fits: isMismatch,
    title: 'The redirect URI is not registered',
    mistake: filled(
      'The app sent {sent}; registered is {registered}. Here is what differs: {known, select, yes {{reason}} other {its spelling}}.',
      (rejection) => ({
        ...bothOf(rejection),
        known: yes(rejection.details.reason !== undefined),
        reason: rejection.details.reason ?? '',
      }),
    ),
    inApp: sendRegistered,
    here: orRegister,
  },
  {
    name: 'redirect_uri_missing',
    fits: ({ description }) => /missing required parameters?.*\bredirect_uri\b/.test(description ?? ''),
    title: 'No redirect URI',
    mistake: 'The request has no redirect_uri. It has to be sent even if only one is registered.',
    inApp: filled(
      '{known, select, yes {Send redirect_uri, for example {example}, in the sign-in request and again at the token endpoint.} other {Send redirect_uri, in the sign-in request and again at the token endpoint.}}',
      ({ details }) => {
        const [example] = details.registered?.redirect_uris ?? []
        return { known: yes(!!example), example: quoted(example) }
      },
    ),
  },
  {
    name: 'post_logout_redirect_uri',
    fits: ({ description }) => description === 'post_logout_redirect_uri not registered',
    title: 'A post-logout redirect URI that is not registered',
    mistake: filled(
      'The app sent {post_logout_redirect_uri} as post_logout_redirect_uri. Registered: {post_logout_redirect_uris}.',
      ({ details }) => ({
        post_logout_redirect_uri: quoted(details.post_logout_redirect_uri),
        post_logout_redirect_uris: listed(details.registered?.post_logout_redirect_uris ?? []),
      }),
    ),
    inApp: 'Send one of the registered addresses, character by character.',
    here: 'If the app is right, edit the client and add the address to its post-logout redirect URIs.',
  },
]
