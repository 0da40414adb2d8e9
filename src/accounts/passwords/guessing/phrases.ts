/**
 * Phrases that everybody knows, as guessing programs have them too: long enough for any rule of length, and known. Lower case,
 * without punctuation; each is found with and without spaces, and inside what is longer.
 */
export const PHRASES: readonly string[] = `
correct horse battery staple
correct battery horse staple
battery horse staple correct
horse battery staple
troubadour3
the quick brown fox jumps over the lazy dog
the quick brown fox jumped over the lazy dog
the quick brown fox
jumps over the lazy dog
jumped over the lazy dog
pack my box with five dozen liquor jugs
sphinx of black quartz judge my vow
how vexingly quick daft zebras jump
now is the time for all good men
lorem ipsum dolor sit amet
consectetur adipiscing elit
hello world
hello darkness my old friend
to be or not to be
that is the question
to thine own self be true
all that glitters is not gold
a rose by any other name
romeo romeo wherefore art thou romeo
wherefore art thou
what light through yonder window breaks
my kingdom for a horse
friends romans countrymen
lend me your ears
double double toil and trouble
something wicked this way comes
it was the best of times
it was the worst of times
it was a dark and stormy night
call me ishmael
once upon a time
in a galaxy far far away
a long time ago in a galaxy
far far away
may the force be with you
use the force luke
i am your father
luke i am your father
these are not the droids you are looking for
these arent the droids youre looking for
do or do not there is no try
i have a bad feeling about this
its a trap
the cake is a lie
winter is coming
you know nothing jon snow
valar morghulis
one ring to rule them all
one ring to find them
my precious
you shall not pass
not all those who wander are lost
all those who wander
fly you fools
expecto patronum
wingardium leviosa
mischief managed
i solemnly swear that i am up to no good
the boy who lived
live long and prosper
beam me up scotty
to boldly go where no man has gone before
space the final frontier
resistance is futile
make it so
engage warp drive
so long and thanks for all the fish
dont panic
the answer is 42
the answer to life the universe and everything
life the universe and everything
i am batman
with great power comes great responsibility
great power comes great responsibility
to infinity and beyond
hakuna matata
let it go
just keep swimming
theres no place like home
there is no place like home
follow the yellow brick road
were not in kansas anymore
somewhere over the rainbow
frankly my dear i dont give a damn
heres looking at you kid
play it again sam
ill be back
hasta la vista baby
go ahead make my day
make my day
houston we have a problem
life is like a box of chocolates
run forrest run
you cant handle the truth
show me the money
you had me at hello
i see dead people
keep your friends close
an offer he cant refuse
say hello to my little friend
the first rule of fight club
why so serious
there is no spoon
follow the white rabbit
wake up neo
shaken not stirred
bond james bond
my name is inigo montoya
you killed my father prepare to die
as you wish
inconceivable
nobody expects the spanish inquisition
always look on the bright side of life
open the pod bay doors hal
shall we play a game
hack the planet
all your base are belong to us
never gonna give you up
never gonna let you down
is this the real life
is this just fantasy
we will rock you
we are the champions
dont stop believing
dont stop me now
another brick in the wall
stairway to heaven
highway to hell
hotel california
welcome to the jungle
smells like teen spirit
sweet child o mine
let it be
all you need is love
here comes the sun
yellow submarine
i want to hold your hand
like a rolling stone
bohemian rhapsody
twinkle twinkle little star
how i wonder what you are
mary had a little lamb
humpty dumpty sat on a wall
happy birthday to you
jingle bells jingle bells
jingle all the way
row row row your boat
old macdonald had a farm
the itsy bitsy spider
somewhere over there
o say can you see
oh say can you see
god save the king
god save the queen
god bless america
land of the free
home of the brave
i pledge allegiance to the flag
we the people
life liberty and the pursuit of happiness
we hold these truths to be self evident
four score and seven years ago
ask not what your country can do for you
i have a dream
one small step for man
one giant leap for mankind
the only thing we have to fear
never was so much owed by so many to so few
liberte egalite fraternite
veni vidi vici
carpe diem
cogito ergo sum
i think therefore i am
alea iacta est
in vino veritas
in god we trust
our father who art in heaven
hallowed be thy name
in the beginning god created
in the beginning was the word
let there be light
the lord is my shepherd
for god so loved the world
love thy neighbor as thyself
jesus loves me
jesus is lord
god is good all the time
god is love
allahu akbar
bismillah
om mani padme hum
blood is thicker than water
an apple a day keeps the doctor away
the early bird catches the worm
actions speak louder than words
practice makes perfect
better late than never
when in rome do as the romans do
honesty is the best policy
rome was not built in a day
time is money
knowledge is power
every cloud has a silver lining
where theres a will theres a way
no pain no gain
live laugh love
live and let live
yes we can
just do it
make america great again
black lives matter
carpe noctem
hope springs eternal
this too shall pass
stay hungry stay foolish
think different
winner winner chicken dinner
supercalifragilisticexpialidocious
antidisestablishmentarianism
pneumonoultramicroscopicsilicovolcanoconiosis
llanfairpwllgwyngyll
donaudampfschifffahrtsgesellschaft
abracadabra
open sesame
hocus pocus
this is my password
this is a password
this is not a password
this is the password
my password is password
password is password
i forgot my password
i dont know my password
i cant remember my password
enter your password
change this password
change me now
change me please
please change me
please let me in
let me in please
let me in now
open the door
give me access
trust no one
i love you so much
i love you forever
i love you very much
i love my family
i love my life
i love my wife
i love my husband
i love my mom
i love my children
i hate passwords
i hate this password
`
  .trim()
  .split('\n')
