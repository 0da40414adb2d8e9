# A group of Latchkey, here: engineers # ? groups
kubectl create clusterrolebinding engineers-view --clusterrole=view --group=latchkey:engineers # ? groups
# The id of a person stands on their page in the console, and in: kubectl auth whoami
kubectl create clusterrolebinding ada-views --clusterrole=view --user=latchkey:ID
