/** Claims that administrators define: made of attributes, groups, roles, an organization, or a fixed text. What apps are told is src/oidc/tokens/custom-claims.ts. */
import type { Clock } from '../../shared/clock.ts'
import {
  createDefinitions,
  type DefinitionEvent,
  type Definitions,
  type DocumentStore,
} from '../../shared/definitions/definitions.ts'
import type { ContentOf } from '../../shared/definitions/field.ts'
import { isIdentityScope } from '../../shared/identity-scopes.ts'
import { t } from '../../shared/locales/texts.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Attributes } from '../attributes.ts'
import { claimFields, PARTS } from './table.ts'

type ClaimContent = ContentOf<typeof claimFields>

export type ClaimEvent = DefinitionEvent<'claim'>
export type Claims = Definitions<ClaimContent>

/** How many may be defined. */
const MAX_CLAIMS = 50

export function createClaims(deps: {
  store: DocumentStore
  clock: Clock
  attributes: Pick<Attributes, 'live'>
  /** Told of every change after it is stored. */
  events(event: ClaimEvent): void
}): Claims {
  return createDefinitions({
    kind: 'claim',
    fields: claimFields,
    most: MAX_CLAIMS,
    store: deps.store,
    clock: deps.clock,
    check({ source, value, scope, in: places }) {
      if (source === 'constant' && value === '')
        throw refusedFields({ value: t('admin.claims.problem.value.text') })
      if (source === 'attribute' && value === '')
        throw refusedFields({ value: t('admin.claims.problem.value.attribute') })
      if (source === 'organization' && !PARTS.includes(value))
        throw refusedFields({
          value: t('admin.claims.problem.value.organization', { parts: PARTS.join(', ') }),
        })
      if ((source === 'groups' || source === 'roles') && value !== '')
        throw refusedFields({ value: t('admin.claims.problem.value.other') })
      const foreign = scope.split(' ').filter((each) => each !== '' && !isIdentityScope(each))
      if (foreign.length > 0 && places.some((place) => place === 'id_token' || place === 'userinfo'))
        throw refusedFields({
          scope: t('admin.claims.problem.scope.foreign', { scopes: foreign.join(', ') }),
        })
    },
    checkStored({ source, value }) {
      if (source === 'attribute' && !deps.attributes.live().some(({ name }) => name === value))
        throw refusedFields({ value: t('admin.claims.problem.value.unknown') })
    },
    events: deps.events,
  })
}
