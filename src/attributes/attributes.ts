// Attributes own: what administrators define of people beside the standard claims, the rules of its values, and custom claims made of it
// (claims/). They do not own where a value is kept: that is a column of the account (src/accounts), which asks these rules.
import type { AttributeRules, AttributeValues } from '../shared/attribute-values.ts'
import type { Clock } from '../shared/clock.ts'
import {
  createDefinitions,
  type Defined,
  type DefinitionEvent,
  type Definitions,
  type DocumentStore,
} from '../shared/definitions/definitions.ts'
import type { ContentOf } from '../shared/definitions/field.ts'
import { t } from '../shared/locales/texts.ts'
import { refusedFields } from '../shared/validation-error.ts'
import type { Database } from '../storage/database.ts'
import { type AttributeForm, createAttributeForm } from './form.ts'
import { createAttributeStore } from './store.ts'
import { attributeFields } from './table.ts'
import { type AttributeValue, createAttributeRules, shownAttributes } from './values.ts'

type AttributeContent = ContentOf<typeof attributeFields>

/** What an administrator has defined of people. */
export type Attribute = Defined<AttributeContent>

export type AttributeEvent = DefinitionEvent<'attribute'>

/** How many may be defined. */
const MAX_ATTRIBUTES = 50

export interface Attributes extends Definitions<AttributeContent>, AttributeRules {
  /** How many people have a value, counted up to a thousand and one. */
  countPeople(name: string): Promise<number>
  /** Values as JSON has them, by name. */
  shown(values: AttributeValues): Record<string, AttributeValue>
  /** As `shown`, of what the person themselves may see. */
  shownToPerson(values: AttributeValues): Record<string, AttributeValue>
  form: AttributeForm
}

export function createAttributes(deps: {
  db: Pick<Database, 'prisma' | 'reads'>
  store: DocumentStore
  clock: Clock
  /** Told of every change after it is stored. */
  events(event: AttributeEvent): void
}): Attributes {
  const values = createAttributeStore(deps.db, deps.clock)
  const definitions = createDefinitions({
    kind: 'attribute',
    fields: attributeFields,
    most: MAX_ATTRIBUTES,
    store: deps.store,
    clock: deps.clock,
    check({ type, options, editable_by, visible_to }) {
      if (type === 'one_of' && options.length === 0)
        throw refusedFields({ options: t('admin.attributes.problem.options.none') })
      if (type !== 'one_of' && options.length > 0)
        throw refusedFields({ options: t('admin.attributes.problem.options.other') })
      if (editable_by === 'user' && visible_to !== 'user')
        throw refusedFields({ visible_to: t('admin.attributes.problem.visible') })
    },
    leftovers: values,
    events: deps.events,
  })
  return {
    ...definitions,
    ...createAttributeRules(definitions.live),
    countPeople: values.count,
    shown: (of) => shownAttributes(definitions.live(), of),
    shownToPerson: (of) =>
      shownAttributes(
        definitions.live().filter(({ visible_to }) => visible_to === 'user'),
        of,
      ),
    form: createAttributeForm(definitions.live),
  }
}
