npm install openid-client # ? !backchannel
npm install openid-client jose # ? backchannel
