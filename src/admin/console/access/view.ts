import type { ButtonForm, Form } from '../../../http/pages/pages.ts'
import type { BulkButton } from '../bulk.ts'
import type { DrawnField } from '../fields.ts'
import type { ConsoleFrame } from '../frame.ts'
import type { ListTools } from '../listed.ts'
import type { PageLinks } from '../page-links.ts'
import type { Picker } from './form.ts'

/** A list with a button at each entry. */
export interface Held {
  name: string
  href?: string | undefined
  detail?: string | undefined
  tag?: string | undefined
  /** What can be done with it. */
  acts: (ButtonForm & {
    label: string
    /** The page that asks first: it has the form. */
    ask?: string
  })[]
}

/** One group or role, as far as both are alike. */
interface One {
  frame: ConsoleFrame
  title: string
  facts: [name: string, value: string][]
  alert?: string | undefined
  edit: Form & { version: string }
  fields: DrawnField[]
  /** Set on a stale tab: what is stored by now. */
  conflict?: { label: string; value: string }[] | undefined
  removeHref: string
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/groups': ListTools<'name' | 'created'> & {
      frame: ConsoleFrame
      bulk: BulkButton[]
      /** `created`: milliseconds since the epoch. */
      groups: { id: string; href: string; name: string; description: string; created: number }[]
    }
    'admin/groups-one': One & {
      /** The parts that are open on a phone too. */
      open: string[]
      managers: Held[]
      members: Held[]
      pager: PageLinks
      addMember: Form
      roles: Held[]
      addRole: Picker
      /** Clients that name it. */
      apps: { href: string; name: string }[]
    }
    'admin/roles': ListTools<'name' | 'api' | 'created'> & {
      frame: ConsoleFrame
      bulk: BulkButton[]
      /** `created`: milliseconds since the epoch. */
      roles: {
        id: string
        href: string
        name: string
        description: string
        resource: string
        scopes: string[]
        created: number
      }[]
    }
    'admin/roles-one': One & {
      groups: Held[]
      people: Held[]
      pager: PageLinks
      addPerson: Form
      addGroup: Picker
      apps: { href: string; name: string }[]
    }
    /** A new group or role. */
    'admin/access-new': {
      frame: ConsoleFrame
      title: string
      about: string
      form: Form
      fields: DrawnField[]
      label: string
      backHref: string
    }
  }
}
