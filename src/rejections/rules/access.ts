import { IDENTITY_SCOPES, isIdentityScope } from '../../shared/identity-scopes.ts'
import {
  type Case,
  described,
  detailed,
  failed,
  filled,
  listed,
  nameOf,
  quoted,
  type Rule,
  yes,
} from '../rejection.ts'
import { nearest } from './nearest.ts'

/** The scopes that were asked for and are not registered for the client. */
function foreignScopes({ details }: Case): string[] {
  const registered =
    `${details.registered?.scope ?? IDENTITY_SCOPES.join(' ')} ${details.registered?.resource_scope ?? ''}`.split(
      ' ',
    )
  return (details.scope ?? '').split(' ').filter((scope) => scope !== '' && !registered.includes(scope))
}

/** What the server says to operators, in the middle of a sentence. */
const because = ({ details }: Case) => (details.detail === undefined ? '' : ` (${details.detail})`)

const mayHave = ({ details }: Case) =>
  [details.registered?.scope ?? IDENTITY_SCOPES.join(' '), details.registered?.resource_scope]
    .filter(Boolean)
    .join(' ')

/** What the client is to be edited to. */
const WIDENED =
  'set its scopes to {whole}, all of it.{empty, select, yes { It is empty now, which stands for all about a person: name them as well.} other {}}'

/**
 * The whole value that the field has to have, with what is added: an empty one stands for all about a person, and the first word
 * in it takes the place of that.
 */
function widened({ details, client }: Case, added: readonly string[]) {
  const grants = client?.grant_types ?? details.registered?.grant_types ?? []
  const forPeople = grants.some((grant) => grant !== 'client_credentials')
  const registered = client
    ? client.scope
    : [details.registered?.scope, details.registered?.resource_scope].filter(Boolean).join(' ')
  const now = registered || (forPeople ? IDENTITY_SCOPES.join(' ') : '')
  const whole = [...new Set([...now.split(' ').filter(Boolean), ...added])].join(' ')
  return { whole: quoted(whole), empty: yes(!registered && forPeople) }
}

/** Scopes (RFC 6749 §3.3), resources (RFC 8707), and the use of tokens. */
export const accessRules: readonly Rule[] = [
  {
    name: 'scope_characters',
    fits: described('scope contains invalid characters'),
    title: 'A scope of the wrong form',
    mistake: filled(
      'The app sent the scope {scope}. Scopes are separated by one space; commas, quotes and line ends are not allowed.',
      ({ details }) => ({ scope: quoted(details.scope) }),
    ),
    inApp: 'Separate the scopes by one space.',
  },
  {
    name: 'scope_of_refresh',
    fits: ({ error, description }) =>
      error === 'invalid_scope' && /^refresh token missing requested/.test(description ?? ''),
    title: 'More than was allowed',
    mistake: filled(
      'The app refreshed with the scope {scope}, which is more than the person allowed. A refresh can ask for less, never for more.',
      ({ details }) => ({ scope: quoted(details.scope) }),
    ),
    inApp: 'Leave scope out when refreshing. For more, send the person to sign in with the wider scope.',
  },
  {
    name: 'scope_left_out',
    fits: failed('scope_left_out'),
    title: 'A scope that was left out',
    mistake: filled(
      '{client} also asked for {said}, which it does not get here. The request went on without, and people can sign in. Should the app miss something, a group or a role for example, this is why.',
      (rejection) => ({ client: nameOf(rejection), said: listed((rejection.description ?? '').split(' ')) }),
    ),
    inApp: 'Nothing, unless the app needs what the scope stands for elsewhere.',
    here: 'Nothing. If it is a scope of an API, add it to the API, and to the scope of the client.',
  },
  {
    name: 'scope_omitted',
    fits: described(/\(scope was omitted\)$/),
    title: 'No scope, and none to take in its place',
    mistake: filled(
      '{client} asked for a token without saying what for. A program that sends no scope gets what it is registered for, if that is for one API; it is registered for {resource_scope}{because}.',
      (rejection) => ({
        client: nameOf(rejection),
        resource_scope: quoted(rejection.details.registered?.resource_scope),
        because: because(rejection),
      }),
    ),
    inApp:
      'Send scope, and with scopes of several APIs also resource (or audience), the identifier of the API.',
    here: filled(
      'Edit the client and add the scopes of the API that it is to use to its scope, beside those that are there.',
      ({ details }) => (details.registered?.resource_scope ? undefined : {}),
    ),
  },
  {
    name: 'scope_of_nothing',
    fits: described(/: send openid, or scopes of an API$/),
    title: 'A sign-in that asks for nothing',
    mistake: filled(
      '{client} sent people here without a scope that stands for anything: none at all, “offline_access” alone, or what is left out here. It may ask for {may}.',
      (rejection) => ({ client: nameOf(rejection), may: quoted(mayHave(rejection)) }),
    ),
    inApp: 'Send the scope “openid” to sign people in, and beside it what the app needs to know.',
  },
  {
    name: 'scope_about_person',
    fits: described(/^requested scope is about a person/),
    title: 'A program that asks about a person',
    mistake: filled(
      '{client} asked for {scope} with client_credentials. It acts for itself there: nobody has signed in whom “openid” and the like could be about.',
      (rejection) => ({ client: nameOf(rejection), scope: quoted(rejection.details.scope) }),
    ),
    inApp:
      'Send scopes of an API alone, or none to get what the client is registered for. To act for people, send them to sign in (authorization_code).',
  },
  {
    name: 'scope_of_no_api',
    fits: ({ error, details }) => error === 'invalid_scope' && /^no API has /.test(details.detail ?? ''),
    title: 'A scope that no API has',
    mistake: filled(
      '{client} asked for {unknown}, and there is no API with such a scope.{slip, select, yes { It may ask for {meant}: probably a slip of the pen.} other {}}',
      (rejection) => {
        const unknown = (rejection.details.detail ?? '').replace(/^no API has /, '')
        const meant = nearest(unknown, mayHave(rejection).split(' '))
        return {
          client: nameOf(rejection),
          unknown: quoted(unknown),
          slip: yes(meant !== undefined),
          meant: quoted(meant),
        }
      },
    ),
    inApp: filled('Correct the scope. Sent was {scope}.', ({ details }) => ({
      scope: quoted(details.scope),
    })),
    here: 'If it is a new scope, add it to its API, and then to the scope of the client, beside those that are there.',
  },
  {
    name: 'scope_of_another_api',
    fits: described(/^requested scope is not of the named resource/),
    title: 'Scopes of another API than the one that is named',
    mistake: filled(
      'The app named the API {resource}, and asked for no scope that it has: sent was {scope}{because}.',
      (rejection) => ({
        resource: quoted(rejection.details.resource?.join(' ')),
        scope: quoted(rejection.details.scope),
        because: because(rejection),
      }),
    ),
    inApp: 'Send the identifier of the API that has the scopes as resource, or leave resource out.',
  },
  {
    name: 'scope_not_allowed',
    fits: failed('invalid_scope'),
    title: 'A scope that the client may not ask for',
    mistake: filled('{client} asked for {scopes}; it may ask for {may}.', (rejection) => {
      const foreign = foreignScopes(rejection)
      return {
        client: nameOf(rejection),
        scopes: quoted(foreign.length > 0 ? foreign.join(' ') : rejection.details.scope),
        may: quoted(mayHave(rejection)),
      }
    }),
    inApp: 'Leave the scope out, or have it added.',
    here: filled(
      `If the client may have it, edit the client and ${WIDENED}{ofApis, select, yes { {foreign} must also be of a registered API.} other {}}`,
      (rejection) => {
        const foreign = foreignScopes(rejection).filter((scope) => !isIdentityScope(scope))
        const ofApis = foreign.length > 0
        return {
          ...widened(rejection, ofApis ? foreign : foreignScopes(rejection)),
          ofApis: yes(ofApis),
          foreign: quoted(foreign.join(' ')),
        }
      },
    ),
  },
  {
    name: 'resource_unknown',
    fits: detailed(/^unknown resource/),
    title: 'An API that is not registered',
    mistake: filled(
      'No API is registered as {resource}. The identifier is compared character by character, with the slash at its end.',
      ({ details }) => ({ resource: quoted(details.resource?.join(' ')) }),
    ),
    inApp: 'Send the identifier of the API exactly as it is registered, as the parameter resource.',
    here: 'Register the API if it is new.',
  },
  {
    name: 'resource_not_allowed',
    fits: described('the client may not use this resource'),
    title: 'An API that the client may not use',
    mistake: filled('{client} has none of the scopes of {resource}.', (rejection) => ({
      client: nameOf(rejection),
      resource: quoted(rejection.details.resource?.join(' ')),
    })),
    inApp: 'Nothing, if it shall use this API.',
    here: filled(
      `If it may use this API, edit the client and {known, select, yes {${WIDENED}} other {add the scopes that it may have to its scopes, beside those that are there. An empty field stands for all about a person: name those as well.}}`,
      (rejection) => {
        const foreign = foreignScopes(rejection).filter((scope) => !isIdentityScope(scope))
        return { ...widened(rejection, foreign), known: yes(foreign.length > 0) }
      },
    ),
  },
  {
    name: 'resource_undecided',
    fits: described(/^name the API with the resource parameter/),
    title: 'Scopes of several APIs',
    mistake: filled(
      'More than one API has scopes among {scope}, and a token is for one of them{said, select, yes {: {detail}} other {}}.',
      ({ details }) => ({
        scope: quoted(details.scope),
        said: yes(details.detail !== undefined),
        detail: details.detail ?? '',
      }),
    ),
    inApp:
      'Say which one with the parameter resource. Who needs several APIs sends each as a resource to sign in, and asks for one token for each.',
    here: 'Where two APIs have the same scope, rename it in one of them.',
  },
  {
    name: 'resource_form',
    fits: described(/^resource indicator must/),
    title: 'The resource is no address',
    mistake: filled(
      '{resource} is not an absolute URI without a #. Some libraries send an audience or a name instead.',
      ({ details }) => ({ resource: quoted(details.resource?.join(' ')) }),
    ),
    inApp: 'Send the identifier of the API, like https://api.example.com.',
  },
  {
    name: 'resource_several',
    fits: described(/^only a single resource indicator/),
    title: 'Several APIs at once',
    mistake: 'A token is for one API; the app named several.',
    inApp: 'Ask for one token for each API.',
  },
  {
    name: 'audience_and_resource',
    fits: described(/^audience and resource name different APIs/),
    title: 'Two APIs at once',
    mistake: 'The app sent resource and audience, which mean the same here, with different values.',
    inApp: 'Send one of them.',
  },
  {
    name: 'resource_other',
    fits: failed('invalid_target'),
    title: 'An API that was not part of the sign-in',
    mistake: filled(
      'The app wants a token for {resource}, which the sign-in request did not name.',
      ({ details }) => ({ resource: quoted(details.resource?.join(' ')) }),
    ),
    inApp: 'Name the API with the parameter resource in the sign-in request already.',
  },
  {
    name: 'token_missing',
    fits: described(/^no access token provided/),
    title: 'No access token',
    mistake: 'The request has no access token.',
    inApp:
      'Send the header “Authorization: Bearer” with the access token. A proxy may drop the header on its way.',
  },
  {
    name: 'token_in_query',
    fits: described(/via query parameter|using one mechanism$/),
    title: 'The access token in the wrong place',
    mistake:
      'An access token goes into the Authorization header only: addresses end up in logs (RFC 9700 §4.3.2).',
    inApp: 'Send it in the header, and nowhere else.',
  },
  {
    name: 'token_without_openid',
    fits: ({ error, description }) =>
      error === 'insufficient_scope' || /missing openid scope/.test(description ?? ''),
    title: 'The token is not for user information',
    mistake: 'The userinfo endpoint wants a token that was asked for with the scope openid.',
    inApp: 'Add “openid” to the scope of the sign-in request.',
  },
  {
    name: 'token_for_api',
    fits: detailed(/^token audience prevents|^access token not found$/),
    title: 'An access token that does not work here',
    mistake:
      'The token has expired, was revoked, belongs to an API (a JWT with the API as its audience), is an id_token, or is from another server.',
    inApp:
      'Refresh and try again. For user information use a token that was asked for with the scope openid and without the parameter resource (or audience): it may be for one API as well.',
  },
]
