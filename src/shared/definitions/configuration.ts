/** What is defined, as a configuration file describes it: by its name. */
import type { Definitions } from './definitions.ts'
import type { NamedDefinitionField } from './field.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a configuration does with one kind of definitions. */
export function createDefinitionConfiguration(
  definitions: Pick<
    Definitions<{ name: string }>,
    'complete' | 'list' | 'find' | 'create' | 'update' | 'remove'
  >,
  fields: readonly NamedDefinitionField[],
) {
  const contentOf = (one: object): Fields =>
    Object.fromEntries(fields.map(({ name }) => [name, (one as Fields)[name]]))
  return {
    /** @throws ValidationError (422) with every problem at once */
    complete: (entry: Fields): Fields => definitions.complete(entry),
    list: async (): Promise<Fields[]> => (await definitions.list()).map(contentOf),
    add: (entry: Fields) => definitions.create(entry),
    update: async (name: string, changes: Fields) =>
      definitions.update((await definitions.find(name)).id, changes),
    remove: async (name: string) => definitions.remove((await definitions.find(name)).id),
  }
}
