from django.http import HttpResponse


def quota_edit(request, uid):
    return HttpResponse()


def threshold_edit(request, uid):
    return HttpResponse()
