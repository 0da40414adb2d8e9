/**
 * Whether an account may come by a provider. Who administers this server, or looks at how it is administered, does not come by one
 * that managers of an organization have set up: they could be anybody there.
 */
export const mayComeBy = (
  { managed }: { managed?: boolean | undefined },
  { administers }: { administers: boolean },
): boolean => !(administers && managed)
